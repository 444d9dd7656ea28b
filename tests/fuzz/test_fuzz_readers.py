"""A short, fixed part of the fuzzing that `python -m benchmarks.fuzz_readers` does for as long as one likes."""

from collections import Counter
from pathlib import Path

import pytest

from benchmarks import fuzz_readers
from curation import tables
from curation.readers import ReadOptions
from curation.readers.records import Partition


@pytest.mark.parametrize("form", fuzz_readers.SUFFIXES)
def test_files_whole_and_broken_are_read_or_refused(form: str, tmp_path: Path) -> None:
    seen: Counter[str] = Counter()
    fuzz_readers.fuzz(form, seed=1, examples=25, folder=tmp_path, seen=seen)
    assert set(seen) == {f"{form} read", f"{form} refused"}, "cases of both kinds, or the generator proves nothing"


def test_lost_rows_would_be_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    case = fuzz_readers.Case("a.jsonl", b'{"text":"a"}\n{"text":\n', ReadOptions(max_damaged=1.0))
    assert fuzz_readers.prove(case, tmp_path) == "read"
    monkeypatch.setattr(Partition, "_ledger", lambda self: tables.empty(tables.LEDGER))
    with pytest.raises(AssertionError, match="records are neither documents nor in the ledger"):
        fuzz_readers.prove(case, tmp_path)
