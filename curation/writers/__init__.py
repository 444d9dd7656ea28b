"""Tables out, as other tools read them: Parquet, JSON Lines, and folders that `datasets.load_dataset` loads."""

from .folder import write
from .options import WriteOptions

__all__ = ["WriteOptions", "write"]
