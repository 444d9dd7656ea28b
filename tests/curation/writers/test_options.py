"""Settings of a writer that make no sense are refused by name."""

from typing import Any

import pytest

from curation.errors import InputError
from curation.writers import WriteOptions


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"format": "csv"}, "format: found 'csv', expected one of parquet, jsonl, datasets"),
        ({"format": "jsonl", "compression": "bz2"}, "compression: found 'bz2', expected one of none, gz, zst"),
        ({"compression": "gz"}, "compression: found 'gz' for parquet"),
        ({"shard_mb": 0}, "shard_mb: found 0, expected a whole number of at least 1"),
        ({"shard_mb": 1.5}, "shard_mb: found 1.5"),
        ({"split": "../train"}, "split: found '../train', expected a name such as train"),
        ({"split": ""}, "split: found ''"),
    ],
)
def test_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        WriteOptions(**settings)


def test_the_ending_says_format_and_compression() -> None:
    assert WriteOptions().suffix == WriteOptions(format="datasets").suffix == ".parquet"
    assert WriteOptions(format="jsonl").suffix == ".jsonl"
    assert WriteOptions(format="jsonl", compression="zst").suffix == ".jsonl.zst"
