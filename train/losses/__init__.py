"""Losses of the methods that no stable trainer has, as pure functions of log-probabilities.

`tokens` makes log-probabilities of logits; `preferences`, `unlearning` and `policy` are the losses.
"""
