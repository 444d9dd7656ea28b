"""Vectors of texts: without a model by TF-IDF and SVD, or by an embedder that is passed in."""
