"""Samples in, a checkpoint out: losses, adapters, stages; and the evaluation of what training did."""
