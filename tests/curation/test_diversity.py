"""Targets are met to within a row, by whole quotas, whatever the order; what cannot be met is said."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from curation import diversity, tables
from curation.diversity import DiversityOptions
from curation.errors import InputError
from curation.stage import DROPS


def documents(**langs: int) -> pl.DataFrame:
    names = [lang for lang, count in langs.items() for _ in range(count)]
    return pl.DataFrame(
        {
            "doc_id": [f"{i:032x}" for i in range(len(names))],
            "text": ["x" * (i % 7) for i in range(len(names))],
            "lang": [None if name == "none" else name for name in names],
            "source": [f"s{i % 3}" for i in range(len(names))],
        },
        schema={"doc_id": pl.String, "text": pl.String, "lang": pl.String, "source": pl.String},
    )


def balanced(frame: pl.DataFrame, **given) -> diversity.Balance:
    options = DiversityOptions(**given)
    return diversity.balance(diversity.side(frame, options), options)


def kept(balance: diversity.Balance, field: str = "lang") -> dict[str, int]:
    rows = balance.shares.filter((pl.col("field") == field) & (pl.col("rows_after") > 0))
    return dict(rows.select("value", "rows_after").iter_rows())


def test_targets_hold_with_as_many_rows_as_they_allow() -> None:
    found = balanced(documents(ko=30, en=100, fr=20), targets={"lang": {"ko": 0.5, "en": 0.5}})
    assert kept(found) == {"ko": 30, "en": 30}
    assert found.drops.height == 90 and found.drops.schema == DROPS
    row = found.drops.filter(pl.col("detail") == "fr").row(0, named=True)
    assert (row["rule"], row["value"], row["threshold"]) == ("diversity.lang", 20.0, 0.0)
    assert found.repeats.is_empty()


def test_values_without_a_target_share_the_rest() -> None:
    found = balanced(documents(ko=30, en=100, fr=20, none=20), targets={"lang": {"ko": 0.5}})
    assert kept(found) == {"ko": 30, "en": 22, "fr": 4, "unknown": 4}
    assert found.drops["detail"].value_counts().sort("detail").rows() == [("en", 78), ("fr", 16), ("unknown", 16)]


def test_missing_values_have_a_name() -> None:
    found = balanced(documents(ko=30, none=10), targets={"lang": {"ko": 0.5, "unknown": 0.5}})
    assert kept(found) == {"ko": 10, "unknown": 10}


def test_a_target_without_rows_is_reported_and_its_share_goes_to_the_others() -> None:
    found = balanced(documents(ko=30, en=100), targets={"lang": {"ko": 0.25, "en": 0.25, "ja": 0.5}})
    assert kept(found) == {"ko": 30, "en": 30}
    ja = found.shares.filter(pl.col("value") == "ja").row(0, named=True)
    assert (ja["rows_before"], ja["rows_after"], ja["target"], ja["weight"]) == (0, 0, 0.5, None)


def test_a_total_and_a_floor() -> None:
    frame = documents(ko=10, en=100)
    targets = {"lang": {"ko": 0.5, "en": 0.5}}
    assert kept(balanced(frame, targets=targets, total=15)) == {"en": 8, "ko": 7}  # of equal remainders the first
    assert kept(balanced(frame, targets=targets, total=60)) == {"ko": 10, "en": 50}  # scarce values whole
    found = balanced(frame, targets=targets, min_kept=0.5)
    assert kept(found) == {"ko": 10, "en": 45}
    weights = dict(found.shares.filter(pl.col("field") == "lang").select("value", "weight").iter_rows())
    assert weights["ko"] == pytest.approx(0.5 / (10 / 55)) and weights["en"] == pytest.approx(0.5 / (45 / 55))


def test_repeats_only_where_they_are_allowed() -> None:
    frame = documents(ko=10, en=35)
    found = balanced(frame, targets={"lang": {"ko": 0.5, "en": 0.5}}, repeat=4)
    assert kept(found) == {"ko": 35, "en": 35} and found.drops.is_empty()
    assert found.repeats["copies"].value_counts().sort("copies").rows() == [(3, 5), (4, 5)]
    assert set(found.repeats["doc_id"]) == set(frame.filter(pl.col("lang") == "ko")["doc_id"])
    assert found.repeats.schema == diversity.REPEATS


def test_keep_order_says_which_rows_stay() -> None:
    frame = documents(ko=14, en=100)
    found = balanced(frame, targets={"lang": {"ko": 0.5, "en": 0.5}}, keep=("-length",))
    stays = frame.join(found.drops, on="doc_id", how="anti").filter(pl.col("lang") == "en")
    assert stays["text"].str.len_chars().to_list() == [6] * 14


def test_the_seed_draws() -> None:
    frame, targets = documents(ko=20, en=100), {"lang": {"ko": 0.5, "en": 0.5}}
    one, other = (balanced(frame, targets=targets, seed=seed).drops for seed in (0, 1))
    assert one.height == other.height == 80
    assert set(one["doc_id"]) != set(other["doc_id"])
    assert set(one["doc_id"]) != set(frame.tail(80)["doc_id"])


def test_fields_one_after_the_other() -> None:
    found = balanced(
        documents(ko=30, en=90),
        targets={"lang": {"ko": 0.5, "en": 0.5}, "source": {"s0": 0.5, "s1": 0.25, "s2": 0.25}},
    )
    sources = kept(found, "source")
    total = sum(sources.values())
    assert abs(sources["s0"] - total / 2) < 1 and all(abs(sources[name] - total / 4) < 1 for name in ("s1", "s2"))
    assert set(found.drops["rule"]) == {"diversity.lang", "diversity.source"}
    assert found.drops["doc_id"].n_unique() == found.drops.height


def test_topics() -> None:
    frame = documents(ko=9)
    topics = pl.DataFrame({"doc_id": frame["doc_id"], "cluster_id": [0] * 6 + [1] * 3})
    options = DiversityOptions(targets={"topic": {"0": 0.5, "1": 0.5}})
    found = diversity.balance(diversity.side(frame, options, topics), options)
    assert kept(found, "topic") == {"0": 3, "1": 3}
    with pytest.raises(InputError, match="diversity.targets.topic: found no clusters"):
        diversity.side(frame, options)


def test_report_alone() -> None:
    found = balanced(documents(ko=1, en=3))
    assert found.drops.equals(tables.empty(DROPS))
    shares = found.shares.filter(pl.col("field") == "lang")
    assert shares.schema == diversity.SHARES
    assert shares.select("value", "share_before", "share_after").rows() == [("en", 0.75, 0.75), ("ko", 0.25, 0.25)]
    assert balanced(documents()).shares.is_empty()


@settings(max_examples=40)
@given(
    st.dictionaries(st.sampled_from("abcd"), st.integers(1, 60), min_size=1),
    st.dictionaries(st.sampled_from("abcde"), st.integers(1, 9), min_size=1),
    st.randoms(use_true_random=False),
)
def test_shares_within_a_row_and_no_order(counts: dict, weights: dict, shuffle) -> None:
    frame = documents(**counts)
    targets = {"lang": {name: weight / (2 * sum(weights.values())) for name, weight in weights.items()}}
    found = balanced(frame, targets=targets)
    rows = found.shares.filter((pl.col("field") == "lang") & (pl.col("rows_before") > 0))
    assert found.drops.height + rows["rows_after"].sum() == frame.height
    named = rows.filter(pl.col("target").is_not_null())
    absent = 0.5 * sum(weight for name, weight in weights.items() if name not in counts) / sum(weights.values())
    # Named values that have rows share what absent ones leave; unnamed ones have the other half.
    whole = (1 - absent) if named.height < rows.height else named["target"].sum()
    for value, after, target in named.select("value", "rows_after", "target").iter_rows():
        assert abs(after - target / whole * rows["rows_after"].sum()) < 1.0001, value
    order = list(range(frame.height))
    shuffle.shuffle(order)
    other = balanced(frame[order], targets=targets)
    assert_frame_equal(other.drops, found.drops)
    assert_frame_equal(other.shares, found.shares)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"targets": {"language": {"ko": 1.0}}}, "diversity.targets: found 'language', expected some of lang, source"),
        ({"targets": {"lang": {"ko": 0.6, "en": 0.5}}}, "diversity.targets.lang: found shares that sum to 1.1"),
        ({"targets": {"lang": {"ko": -0.1, "en": 0.5}}}, "diversity.targets.lang"),
        ({"targets": {"lang": {}}}, "diversity.targets.lang"),
        ({"total": 0}, "diversity.total"),
        ({"min_kept": 1.5}, "diversity.min_kept"),
        ({"repeat": 0}, "diversity.repeat"),
        ({"keep": ("-score",)}, "keep order has the column 'score'"),
    ],
)
def test_what_is_refused(given: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        balanced(documents(ko=1), **given)
