"""Selection for a target domain: how near each document of a pool is to texts of the target, and which to keep.

Every score is the higher, the nearer the target; `choose` turns the scores of all partitions into decisions.
"""
