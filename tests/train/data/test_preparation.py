from pathlib import Path

import numpy as np
import polars as pl
import pytest

from curation import tables
from curation.errors import InputError
from train.data import preparation
from train.options.run import Source, TrainOptions


def part(ids: list[str], lengths: list[int]) -> preparation.Part:
    frame = pl.DataFrame({"input_ids": [[n] * length for n, length in enumerate(lengths)]})
    tokens = np.array(lengths)
    digest = preparation.digest(frame, ("input_ids",))
    return preparation.part(frame, ids, tokens, tokens - 1, len(ids) + 1, digest, tables.empty(tables.LEDGER))


def test_sources_take_turns_by_their_weights_in_tokens(tmp_path: Path) -> None:
    sources = (Source(tmp_path / "a", 3.0), Source(tmp_path / "b", 1.0))
    parts = [part(["a", "b"], [10, 10]), part(["c"], [5])]
    prepared = preparation.mixed(TrainOptions(model="m", data=sources, steps=20, batch_size=2), parts)
    seen = {name: facts["tokens"] for name, facts in prepared.sources.items()}
    assert abs(seen["a"] / seen["b"] - 3) < 0.2
    assert sum(seen.values()) == prepared.tokens.sum()
    assert prepared.sources["b"]["available"] == {"rows": 2, "tokens": 5}


def test_the_digest_tells_rows_apart_that_read_the_same_end_to_end() -> None:
    one, other = pl.DataFrame({"ids": [[1, 2], [3]]}), pl.DataFrame({"ids": [[1], [2, 3]]})
    assert preparation.digest(one, ("ids",)) != preparation.digest(other, ("ids",))


def test_sources_of_one_name_are_refused() -> None:
    with pytest.raises(InputError, match="sources are called x, x, expected different names"):
        preparation.named_apart([Source(Path("a/x")), Source(Path("b/x"))])
