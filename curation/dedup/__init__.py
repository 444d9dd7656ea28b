"""Exact and near duplicates: sketches of each partition in, decisions over all partitions out."""
