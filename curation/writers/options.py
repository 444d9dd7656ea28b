"""What is written and how."""

from dataclasses import dataclass
from typing import Literal, get_args

from ..errors import InputError

Format = Literal["parquet", "jsonl", "datasets"]
Compression = Literal["none", "gz", "zst"]


@dataclass(frozen=True)
class WriteOptions:
    """How a table is written.

    Attributes:
        format: `parquet` and `jsonl` are folders of such files; `datasets` is one that the Hugging Face library loads:
            Parquet under `data/` and a README.md that names the split.
        compression: of JSON Lines; Parquet is always compressed inside (Zstandard).
        shard_mb: size of a file, in megabytes of the rows' JSON text; a single row may be larger.
        split: name of the split, with which the names of the files begin.
    """

    format: Format = "parquet"
    compression: Compression = "none"
    shard_mb: int = 256
    split: str = "train"

    def __post_init__(self) -> None:
        for name, known in (("format", get_args(Format)), ("compression", get_args(Compression))):
            if getattr(self, name) not in known:
                raise InputError(f"{name}: found {getattr(self, name)!r}, expected one of {', '.join(known)}")
        if self.compression != "none" and self.format != "jsonl":
            raise InputError(
                f"compression: found {self.compression!r} for {self.format}, expected none, as it has its own"
            )
        if isinstance(self.shard_mb, bool) or not isinstance(self.shard_mb, int) or self.shard_mb < 1:
            raise InputError(f"shard_mb: found {self.shard_mb!r}, expected a whole number of at least 1")
        # As `datasets` has it for the names of splits.
        if not self.split or not all(part.isidentifier() for part in self.split.split(".")):
            raise InputError(f"split: found {self.split!r}, expected a name such as train")

    @property
    def suffix(self) -> str:
        """The ending of the files' names."""
        if self.format != "jsonl":
            return ".parquet"
        return ".jsonl" if self.compression == "none" else f".jsonl.{self.compression}"
