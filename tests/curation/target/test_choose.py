import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation import stage
from curation.errors import InputError
from curation.target import choose
from curation.target.choose import ChooseOptions


def _scored(scores: list[float | None]) -> pl.DataFrame:
    ids = [f"{i:03d}" for i in range(len(scores))]
    return pl.DataFrame({"doc_id": ids, "score": scores}, schema={"doc_id": pl.String, "score": pl.Float64})


@given(st.lists(st.none() | st.integers(0, 5), max_size=30), st.integers(0, 40), st.integers(0, 99))
def test_the_best_are_kept_whatever_the_order(scores: list[int | None], number: int, seed: int):
    frame = _scored([None if one is None else float(one) for one in scores])
    drops = choose.decide(frame, ChooseOptions(number=number), "target.importance")
    assert drops.schema == stage.DROPS and drops["doc_id"].is_sorted()
    mixed = frame.sample(fraction=1, shuffle=True, seed=seed)
    assert choose.decide(mixed, ChooseOptions(number=number), "target.importance").equals(drops)
    kept = frame.join(drops, on="doc_id", how="anti")
    assert kept.height == min(number, len(scores) - scores.count(None)) and kept["score"].null_count() == 0
    if kept.height and drops["value"].drop_nulls().len():
        assert drops["value"].max() <= kept["score"].min()  # type: ignore[operator]
        assert (drops["threshold"] == kept["score"].min()).all()


def test_by_share_and_threshold():
    frame = _scored([0.1, 0.5, 0.9, None, 0.7, float("nan")])
    assert choose.decide(frame, ChooseOptions(share=0.5), "r")["doc_id"].to_list() == ["000", "003", "005"]
    assert choose.decide(frame, ChooseOptions(share=1.0), "r")["doc_id"].to_list() == ["003", "005"]
    drops = choose.decide(frame, ChooseOptions(threshold=0.7), "r")
    assert drops["doc_id"].to_list() == ["000", "001", "003", "005"]
    assert set(drops["threshold"]) == {0.7} and set(drops["rule"]) == {"r"}


def test_gumbel_draws_in_proportion_to_the_exponential():
    """Of two rows one is drawn, the first e times as probable as the second: .731 of 4000 draws."""
    noise = choose.gumbel(pl.Series([str(i) for i in range(8000)]), seed=3).to_numpy()
    assert abs((1.0 + noise[:4000] > noise[4000:]).mean() - 1 / (1 + np.exp(-1))) < 0.02
    first = sum(
        choose.decide(_scored([1.0, 0.0]), ChooseOptions(number=1, gumbel=True, seed=seed), "r")["doc_id"][0] == "001"
        for seed in range(60)
    )
    assert 32 <= first <= 54  # 43.9 expected, three standard deviations either way


def test_gumbel_is_seeded_and_named():
    frame = _scored([float(i % 3) for i in range(50)])
    options = ChooseOptions(number=10, gumbel=True, seed=7)
    drops = choose.decide(frame, options, "r")
    assert drops.equals(choose.decide(frame.reverse(), options, "r")) and drops.height == 40
    assert not drops.equals(choose.decide(frame, ChooseOptions(number=10, gumbel=True, seed=8), "r"))
    assert (drops["value"] <= drops["threshold"]).all() and drops["detail"].str.contains("Gumbel").all()


@pytest.mark.parametrize(
    "wrong", [{}, {"number": 1, "share": 0.5}, {"number": -1}, {"share": 0}, {"threshold": 1, "gumbel": True}]
)
def test_refusals(wrong: dict[str, float]):
    with pytest.raises(InputError, match="expected"):
        ChooseOptions(**wrong)
