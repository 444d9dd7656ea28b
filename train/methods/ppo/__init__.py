"""Proximal policy optimisation of language models: policy, frozen reference, critic and rewards."""
