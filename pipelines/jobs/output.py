"""What a step leaves for the steps after it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Output:
    """Where a step's result is, the digest of its content, and its facts for the report."""

    path: Path  # folder of Parquet files, or of a model
    digest: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    models: Mapping[str, Path] = field(default_factory=dict)  # of a step that leaves several


Outputs = Mapping[str, Output]  # by the names of the steps before
