"""Incremental dedup: an index of all that was kept, and new documents fed to it in batches.

index = LocalIndex(folder)                      # or redis_server.RedisIndex(url, name)
drops = feed(index, documents, batch, options)  # schema DROPS; what was kept is in the index then
"""

from .feeding import Addition, Index, IndexOptions, Transaction, feed, feed_sketches, sketch
from .local import LocalIndex

__all__ = ["Addition", "Index", "IndexOptions", "LocalIndex", "Transaction", "feed", "feed_sketches", "sketch"]
