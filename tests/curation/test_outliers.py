"""Outliers against their plain definition; groups that are left alone; nothing depends on the order of rows."""

import json
import math
import statistics

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from curation import outliers, tables
from curation.errors import InputError
from curation.outliers import OutlierOptions
from curation.stage import DROPS


def side(values: list[float | None], lang: list[str | None] | None = None, source: str = "s") -> pl.DataFrame:
    return pl.DataFrame(
        {
            "doc_id": [f"{source}{i:05d}" for i in range(len(values))],
            "lang": lang or ["ko"] * len(values),
            "source": [source] * len(values),
            "a.b": values,
        },
        schema={"doc_id": pl.String, "lang": pl.String, "source": pl.String, "a.b": pl.Float64},
    )


def dropped(frame: pl.DataFrame, options: OutlierOptions) -> set[str]:
    return set(outliers.decide(frame, outliers.bounds(frame, options), options)["doc_id"])


@given(
    st.lists(st.floats(-1e6, 1e6) | st.sampled_from([0.0, 1.0, 2.0]), min_size=1, max_size=40),
    st.sampled_from([0.5, 2.0]),
    st.randoms(use_true_random=False),
)
def test_deviation_is_its_definition(values: list[float], deviations: float, shuffle) -> None:
    options = OutlierOptions(scores=("a.b",), deviations=deviations, min_rows=1)
    frame = side(values)
    middle = statistics.median(values)
    spread = statistics.median(abs(value - middle) for value in values)
    far = spread * (1.4826 * deviations)
    expected = {f"s{i:05d}" for i, value in enumerate(values) if spread and not middle - far <= value <= middle + far}
    assert dropped(frame, options) == expected
    order = list(range(len(values)))
    shuffle.shuffle(order)
    assert_frame_equal(outliers.bounds(frame[order], options), outliers.bounds(frame, options))


@settings(max_examples=50)
@given(st.lists(st.integers(0, 30), min_size=1, max_size=60), st.sampled_from([(0.1, 0.9), (None, 0.5), (0.25, None)]))
def test_quantile_is_its_definition(values: list[int], quantiles: tuple[float | None, float | None]) -> None:
    low, high = quantiles
    options = OutlierOptions(
        scores=("a.b",), method="quantile", low_quantile=low, high_quantile=high, min_rows=1
    )  # fmt: skip
    ordered = sorted(values)
    least = -math.inf if low is None else ordered[math.floor(low * len(values))]
    most = math.inf if high is None else ordered[max(0, math.ceil(high * len(values)) - 1)]
    expected = {f"s{i:05d}" for i, value in enumerate(values) if not least <= value <= most}
    found = dropped(side([float(value) for value in values]), options)
    assert found == expected
    assert len(found) <= (low or 0) * len(values) + (1 - (1 if high is None else high)) * len(values) + 1e-9


def test_each_language_and_source_has_its_own_bounds() -> None:
    spread = np.arange(100) / 100
    korean, english = side([*(3 + spread), 40.0]), side([*(40 + spread), 3.0], ["en"] * 101, "t")
    options = OutlierOptions(scores=("a.b",), min_rows=100)
    both = pl.concat([korean, english])
    assert dropped(both, options) == {"s00100", "t00100"}
    assert dropped(both, OutlierOptions(scores=("a.b",), min_rows=100, by=())) == set()
    found = outliers.bounds(both, options)
    assert found.schema == outliers.BOUNDS
    assert found.select("lang", "source", "rows", "left_alone").rows() == [
        ("en", "t", 101, None),
        ("ko", "s", 101, None),
    ]


def test_drops_say_why() -> None:
    frame = side([*(np.arange(100) / 100), 40.0])
    options = OutlierOptions(scores=("a.b",), min_rows=100)
    drops = outliers.decide(frame, outliers.bounds(frame, options), options)
    assert drops.schema == DROPS
    row = drops.row(0, named=True)
    assert (row["rule"], row["value"]) == ("outlier.a.b", 40.0)
    assert row["threshold"] == outliers.bounds(frame, options)["high"][0]
    assert json.loads(row["detail"]) == {
        "lang": "ko",
        "source": "s",
        "rows": 101,
        "median": 0.5,
        "deviation": 0.25,
    }


def test_small_and_uniform_groups_are_left_alone_and_said_so() -> None:
    few, same = side([1.0] * 9 + [1e9]), side([1.0] * 60 + [5.0] * 40 + [1e9], source="t")
    unknown = side([1.0, 2.0], [None, None], "u")
    options = OutlierOptions(scores=("a.b",), min_rows=100)
    both = pl.concat([few, same, unknown])
    found = outliers.bounds(both, options)
    assert dict(found.select("source", "left_alone").iter_rows()) == {
        "s": "too few rows",
        "t": "no spread",
        "u": "too few rows",
    }
    assert found.select("low", "high").null_count().row(0) == (3, 3)
    assert outliers.decide(both, found, options).equals(tables.empty(DROPS))


def test_missing_scores_neither_count_nor_fall() -> None:
    frame = side([*(np.arange(100) / 100), None, math.nan, math.inf, 40.0])
    options = OutlierOptions(scores=("a.b",), min_rows=101)
    assert dropped(frame, options) == {"s00103"}
    assert outliers.bounds(frame, options)["rows"].to_list() == [101]


def test_the_first_score_in_order_decides() -> None:
    frame = side([*(np.arange(100) / 100), 40.0]).with_columns(pl.col("a.b").alias("c.d"))
    for names in (("a.b", "c.d"), ("c.d", "a.b")):
        options = OutlierOptions(scores=names, min_rows=1)
        drops = outliers.decide(frame, outliers.bounds(frame, options), options)
        assert drops["rule"].to_list() == [f"outlier.{names[0]}"]


def test_side_joins_scores_of_the_rows_that_are_left() -> None:
    scores = pl.DataFrame({"doc_id": ["x", "y", "z"], "a.b": [1.0, 2.0, 3.0], "c": [0.0] * 3})
    documents = pl.DataFrame({"doc_id": ["z", "x"], "lang": ["ko", None], "source": ["s", "s"], "text": ["", ""]})
    found = outliers.side(documents, scores, OutlierOptions(scores=("a.b",)))
    assert found.rows() == [("z", "ko", "s", 3.0), ("x", None, "s", 1.0)]
    with pytest.raises(InputError, match="outliers.scores: found 'q', expected one of a.b, c"):
        outliers.side(documents, scores, OutlierOptions(scores=("q",)))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"scores": ()}, "outliers.scores"),
        ({"method": "sigma"}, "outliers.method: found 'sigma', expected one of deviation, quantile"),
        ({"deviations": 0}, "outliers.deviations"),
        ({"low_quantile": 0.6, "high_quantile": 0.5}, "outliers quantiles: found 0.6 to 0.5"),
        ({"by": ("topic",)}, "outliers.by"),
        ({"min_rows": 0}, "outliers.min_rows"),
    ],
)
def test_what_is_refused(given: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        OutlierOptions(**{"scores": ("a.b",), **given})
