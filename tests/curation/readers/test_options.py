"""The limit of damage."""

from pathlib import Path

import pytest

from curation import readers
from curation.errors import InputError
from curation.readers import Damage, ReadOptions

FIRST = Damage(4, "no JSON", "a JSON object")


@pytest.mark.parametrize(
    ("records", "damaged", "options"),
    [
        (0, 0, ReadOptions(strict=True)),
        (2, 1, ReadOptions()),
        (1999, 1, ReadOptions()),
        (2000, 2, ReadOptions()),
        (10, 5, ReadOptions(max_damaged=0.5)),
        (10, 0, ReadOptions(strict=True)),
    ],
)
def test_within_the_limit(records: int, damaged: int, options: ReadOptions) -> None:
    readers.check_damage("a.jsonl", records, damaged, options)


@pytest.mark.parametrize(
    ("records", "damaged", "options", "message"),
    [
        (1, 1, ReadOptions(max_damaged=1), "none of its 1 records could be read; the first is line 5: found no JSON"),
        (1999, 2, ReadOptions(), "found 2 damaged records among 1999, expected at most 1 .--max-damaged.; the first"),
        (10, 1, ReadOptions(strict=True), "found 1 damaged records among 10, none is allowed with --strict"),
    ],
)
def test_beyond_the_limit(records: int, damaged: int, options: ReadOptions, message: str) -> None:
    with pytest.raises(InputError, match=message):
        readers.check_damage("a.jsonl", records, damaged, options, FIRST)


def test_a_whole_file_is_checked_when_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"text":"a"}\n{"text":2}\nx\n')
    (piece,) = readers.plan([path], ReadOptions())
    with pytest.raises(InputError, match="found 2 damaged records among 3.*line 2: found a number in column 'text'"):
        list(readers.read(piece, ReadOptions()))


def test_strict_stops_at_the_first_partition_with_damage(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"text":"a"}\nx\n' + b'{"text":"b"}\n' * 100)
    options = ReadOptions(strict=True, partition_bytes=20)
    pieces = readers.plan([path], options)
    with pytest.raises(InputError, match="a.jsonl: found 1 damaged records among .* --strict; the first is line 2"):
        for piece in pieces[:2]:
            list(readers.read(piece, options))


def test_sizes_are_at_least_one() -> None:
    with pytest.raises(InputError, match="partition_bytes: found 0, expected at least 1"):
        ReadOptions(partition_bytes=0)
