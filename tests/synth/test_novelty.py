"""Nothing that repeats an input, another sample or the evaluation goes on, and nothing is lost on the way."""

import json
import random
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation import clusters, tables
from curation.errors import InputError
from synth import likeness, novelty
from synth.held_out import HeldOut
from synth.novelty import NoveltyOptions, counts, novel, unjudged
from tests.synth.test_outliers import ODD, SHOWN, USUAL

LONG = "please write down for me in your own words how a boat on the river {} comes to the sea at last and why"
KOREAN = "강 위의 배 {}이 어떻게 바다에 이르게 되는지 너의 말로 차근차근 알기 쉽게 적어 주면 참 고맙겠어 부탁해"
NONE = NoveltyOptions()


def made(*pairs: tuple[str, str]) -> pl.DataFrame:
    rows = []
    for number, (prompt, completion) in enumerate(pairs):
        content = {
            "prompt": [{"role": "user", "content": prompt}],
            "completion": [{"role": "assistant", "content": completion}],
        }
        keys = {"task": "t", "origin": "o", "tier": None, "parents": ["p"], "generation": None, "checks": []}
        rows.append({**content, "sample_id": f"{number:032x}", **keys})
    return pl.DataFrame(rows, schema=tables.samples_schema("prompt_completion"))


def rules(frame: pl.DataFrame) -> dict[int, str]:
    return {int(row, 16): rule.removeprefix("novelty.") for row, rule in frame.select("row_id", "rule").iter_rows()}


def test_each_rule_is_named_with_what_it_repeats() -> None:
    samples = made(
        ("new", "a"),
        ("What is 3 + 4?", "7"),
        ("what is  3 + 4?", "8"),
        ("An input, word for word", "b"),
        ("Held  OUT", "c"),
        (LONG.format("Han"), "d"),
        (LONG.format("Han") + " again", "e"),
        ("Read this. " + LONG.format("Rhine").upper() + " Then answer.", "f"),
    )
    split = novel(samples, ["an input, word for word"], ["held out", LONG.format("Rhine")], NONE, 1)
    assert rules(split.ledger) == {
        2: "repeats_sample", 3: "repeats_input", 4: "held_out", 6: "repeats_sample", 7: "held_out",
    }  # fmt: skip
    by_row = {int(row["row_id"], 16): row for row in split.ledger.to_dicts()}
    assert by_row[2]["duplicate_of"] == f"{1:032x}" and by_row[2]["similarity"] == 1.0
    assert 0.7 <= by_row[6]["similarity"] < 1 and by_row[6]["threshold"] == 0.7
    assert json.loads(by_row[3]["detail"])["repeats"] == "an input, word for word"
    assert json.loads(by_row[4]["detail"])["completion"] == [{"role": "assistant", "content": "c"}]
    assert counts(split.ledger) == {"novelty.held_out": 2, "novelty.repeats_input": 1, "novelty.repeats_sample": 2}
    tables.check(split.ledger, tables.LEDGER)


@pytest.mark.parametrize("text", [LONG, KOREAN])
def test_long_texts_repeat_when_they_are_near_and_short_ones_when_they_are_equal(text: str) -> None:
    near = made((text.format("하나") + " 하나 더", "a"), ("다섯 더하기 셋은?", "b"), ("Add: 3 + 4", "c"))
    split = novel(near, [text.format("하나"), "다섯 더하기 넷은?", "Add: 3 + 5"], [], NONE, 1)
    assert rules(split.ledger) == {0: "repeats_input"}
    split = novel(near, [], [text.format("하나"), "다섯 더하기 넷은?", "Add: 3 + 5"], NONE, 1)
    assert rules(split.ledger) == {0: "held_out"}


def test_a_long_held_out_prompt_is_found_within_a_far_longer_one() -> None:
    around = " ".join(f"word{number}" for number in range(120))
    samples = made((f"{around} {LONG.format('Rhine').upper()} {around}", "a"), (f"{around} short one {around}", "b"))
    split = novel(samples, [], [LONG.format("Rhine"), "short one"], NONE, 1)  # a short one stands in many texts
    assert rules(split.ledger) == {0: "held_out"}


@pytest.mark.parametrize("words", [11, 12])
def test_likeness_counts_from_the_number_of_words_that_the_option_says(words: int) -> None:
    text = " ".join(LONG.format("Han").split()[:words])
    split = novel(made((text, "a")), [f"{text} again"], [], NoveltyOptions(long_words=12), 1)
    assert rules(split.ledger) == ({0: "repeats_input"} if words >= 12 else {})


def test_what_is_near_a_dropped_answer_alone_is_kept() -> None:
    """Of three in a chain the ends are not alike: with the middle gone nothing is repeated."""
    words = [f"word{number}" for number in range(40)]
    one, both, other = words, ["early", *words[1:]], ["early", *words[1:-4], "late", "later", "latest", "last"]
    both = both[:-3] + ["later", "latest", "last"]
    split = novel(made(*(("q", " ".join(text)) for text in (one, both, other))), [], [],
                  NoveltyOptions(near_duplicate=0.8), 1, made="completion")  # fmt: skip
    assert rules(split.ledger) == {1: "repeats_sample"}


def test_an_answer_to_a_given_prompt_is_compared_with_others_to_it_alone() -> None:
    """Rows of one task share a long instruction; answers to different inputs of it are no repeats of each other."""
    task = "Say of the following review, which a customer wrote, whether it is good or bad, and give one word only: {}"
    answers = made(
        (task.format("fine"), "good"),
        (task.format("fine"), "good"),
        (task.format("fair"), "good"),
        ("q", LONG.format("Han")),
        ("q", LONG.format("Han") + " again"),
        ("r", LONG.format("Han") + " again"),
        ("q", "short one"),
        ("q", "short two"),
    )
    split = novel(answers, [task.format("fine")], [], NONE, 1, made="completion")
    assert rules(split.ledger) == {1: "repeats_sample", 4: "repeats_sample"}
    held = novel(answers, [], [task.format("fair")], NONE, 1, made="completion")
    assert rules(held.ledger)[2] == "held_out"


def test_held_out_is_found_in_any_turn_of_a_dialogue() -> None:
    samples = made(("Hello", "Hi"))
    turns = [{"role": "user", "content": "What is the capital of Peru?"}, {"role": "assistant", "content": "Lima"}]
    longer = samples.with_columns(completion=pl.Series([[{"role": "assistant", "content": "Hi"}, *turns]],
                                                       dtype=tables.TURNS))  # fmt: skip
    assert novel(longer, [], ["what is the capital of peru?"], NONE, 1).kept.height == 0
    assert novel(longer, [], ["Lima"], NONE, 1).kept.height == 1  # an answer is no prompt


@pytest.mark.parametrize("kind", ["prompt", "completion"])
def test_a_held_out_text_is_found_in_any_turn_of_anyone(kind: Any) -> None:
    samples = made(("Hello", "a text"), ("A  TEXT", "b"), ("Tell me", LONG.format("Rhine")), ("else", "another text"))
    split = novel(samples, [], HeldOut(texts=("A text", f"First this. {LONG.format('Rhine')} Then that.")), NONE, 1,
                  made=kind)  # fmt: skip
    assert rules(split.ledger) == {0: "held_out", 1: "held_out", 2: "held_out"}
    texts = made(("unused", "x")).select(pl.exclude("prompt", "completion")).with_columns(text=pl.lit("a text"))
    assert novel(texts, [], HeldOut(texts=("A text",)), NONE, 1).kept.is_empty()


def test_the_same_words_under_other_rules_are_another_prompt() -> None:
    """Tasks whose instruction is the system's turn share their inputs."""
    samples = made(*[("bank", "river")] * 5)
    systems = ("a", "b", "a", "c", "b")
    rules_ = [[{"role": "system", "content": text}, {"role": "user", "content": "bank"}] for text in systems]
    ruled = samples.with_columns(prompt=pl.Series(rules_, dtype=tables.TURNS))
    for kind in ("prompt", "completion"):
        ledger = novel(ruled, [], [], NONE, 1, made=kind).ledger
        assert rules(ledger) == {2: "repeats_sample", 4: "repeats_sample"}
        assert [int(row, 16) for row in ledger.sort("row_id")["duplicate_of"]] == [0, 1]


def topics(count: int) -> list[tuple[str, str]]:
    words = {"sea": "boat wave sail harbour fish", "wood": "tree leaf root bark owl", "sky": "cloud star moon wind sun"}
    draw = random.Random(3)
    return [
        (" ".join(draw.choices(text.split(), k=6)) + f" {name}{n}", str(n))
        for name, text in words.items()
        for n in range(count)
    ]


def test_quotas_by_cluster_sum_exactly_and_outliers_go_first() -> None:
    samples = made(*topics(20), ("완전히 다른 말 하나", "x"))
    options = NoveltyOptions(clusters=3, wanted=17, outliers=6.0)
    split = novel(samples, [], [], options, 1)
    assert split.kept.height == 17
    assert set(rules(split.ledger).values()) <= {"outlier", "over_quota", "repeats_sample"}
    assert split.ledger.filter(pl.col("rule") == "novelty.over_quota")["cluster_id"].null_count() == 0
    all_of_them = novel(samples, [], [], NoveltyOptions(clusters=3, wanted=1000), 1)
    assert all_of_them.ledger.filter(pl.col("rule") == "novelty.over_quota").height == 0


def test_an_outlier_lies_further_off_than_the_others() -> None:
    same = [(prompt, "x") for prompt in sorted({*USUAL, *SHOWN})]
    split = novel(made(*same, (ODD[0], "x")), [], [], NoveltyOptions(clusters=2, outliers=3.0), 1)
    row = split.ledger.row(0, named=True)
    assert rules(split.ledger) == {len(same): "outlier"} and row["value"] > row["threshold"] > 0
    assert row["cluster_id"] is not None
    assert split.not_judged == {} == unjudged(split)


def test_samples_that_are_too_few_to_be_judged_are_counted() -> None:
    split = novel(made(*[(prompt, "x") for prompt in SHOWN]), [], [], NoveltyOptions(clusters=2, outliers=3.0), 1)
    assert split.kept.height == len(SHOWN) < 10 and unjudged(split) == {"not_judged": {"too_few": len(SHOWN)}}
    assert novel(made(("a", "x")), [], [], NoveltyOptions(clusters=2), 1).not_judged == {}


def test_the_seed_is_that_of_the_clusters(monkeypatch: pytest.MonkeyPatch) -> None:
    seeds: list[int] = []
    whole = clusters.cluster

    def noting(vectors: Any, count: int, seed: int) -> Any:
        seeds.append(seed)
        return whole(vectors, count, seed)

    monkeypatch.setattr(novelty.clusters, "cluster", noting)
    novel(made(*topics(10)), [], [], NoveltyOptions(clusters=3, wanted=5, outliers=50.0), 7)
    assert seeds == [7, 7]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(
                ["q", "Q ", "물음", LONG.format("Han"), LONG.format("Han") + " x", KOREAN.format("가"), ""]
            ),
            st.sampled_from(["a", "b", LONG.format("Po"), LONG.format("Po") + " y"]),
        ),
        max_size=12,
    ),
    st.lists(st.sampled_from(["q", "물음 ", LONG.format("Han"), "other"]), max_size=3),
    st.lists(st.sampled_from(["q", KOREAN.format("가"), "other"]), max_size=3),
    st.sampled_from(
        [NONE, NoveltyOptions(clusters=2, wanted=3), NoveltyOptions(clusters=2, outliers=2.0, long_words=0)]
    ),
    st.sampled_from(["prompt", "completion"]),
    st.randoms(use_true_random=False),
)
def test_every_sample_is_kept_or_in_the_ledger_whatever_the_order(
    pairs: list[tuple[str, str]], inputs: list[str], held: list[str], options: NoveltyOptions, kind: Any, mix: Any
) -> None:
    samples = made(*pairs)
    split = novel(samples, inputs, held, options, 1, made=kind)
    assert split.kept.height + split.ledger.height == samples.height == split.kept.height + split.dropped.height
    assert sorted(split.ledger["row_id"]) == sorted(split.dropped["sample_id"])
    assert split.kept["sample_id"].to_list() == sorted(split.kept["sample_id"])
    places = list(range(samples.height))
    mix.shuffle(places)
    again = novel(samples[places], inputs, held, options, 1, made=kind)
    assert again.ledger.equals(split.ledger)
    assert again.kept.sort("sample_id").equals(split.kept)
    # What is kept, compared again, is kept again.
    if not options.clusters:
        assert novel(split.kept, inputs, held, options, 1, made=kind).kept.equals(split.kept)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"near_duplicate": 0}, "near_duplicate is 0, expected above 0"),
        ({"clusters": -1}, "clusters is -1, expected 0 or more"),
        ({"outliers": float("nan"), "clusters": 2}, "outliers is nan, expected 0 or more"),
        ({"wanted": 5}, "clusters is 0, expected at least 1 where outliers or wanted are set"),
        ({"dimensions": 0}, "dimensions is 0, expected at least 1"),
    ],
)
def test_options_that_make_no_sense_are_one_sentence(options: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        NoveltyOptions(**options)


def read(*texts: tuple[str, str]) -> pl.DataFrame:
    nothing = pl.lit(None, pl.String)
    return likeness.frame(texts).with_columns(answer=nothing, reference=nothing)


@pytest.mark.parametrize(("references", "dropped"), [(("good", "bad"), {}), (("good", "good"), {})])
def test_labels_tell_near_answers_apart(references: tuple[str, str], dropped: dict[int, str]) -> None:
    answer = "it is a long way over stones and through reeds but at the end of it the water is salt and it is free"
    samples = made((LONG.format("Han"), answer), (LONG.format("Po"), answer + " now")).with_columns(
        parents=pl.Series([["a"], ["b"]])
    )
    bare = read(("a", "one"), ("b", "two")).with_columns(reference=pl.Series(references))
    assert rules(novel(samples, (), (), NONE, 1, made="completion", rows=bare).ledger) == dropped
    none = bare.with_columns(reference=pl.lit(None, pl.String))
    assert rules(novel(samples, (), (), NONE, 1, made="completion", rows=none).ledger) == {1: "repeats_sample"}


def test_of_a_preference_what_is_chosen_is_compared() -> None:
    rows = made(("q", "x")).drop("completion")
    turn = [{"role": "assistant", "content": LONG.format("Po")}]
    other = [{"role": "assistant", "content": KOREAN.format("가") * 3}]
    pair = rows.with_columns(chosen=pl.Series([turn]), rejected=pl.Series([other]), parents=pl.Series([["a"]]))
    given = read(("a", "What is said?"), ("b", LONG.format("Po")))
    assert rules(novel(pair, (), (), NONE, 1, made="completion", rows=given).ledger) == {0: "repeats_input"}


def test_answers_are_compared_with_other_rows_where_these_are_given() -> None:
    samples = made(
        (LONG.format("Han"), LONG.format("Po")),  # in the words of row b
        (LONG.format("Nile"), "It flows north."),
        (KOREAN.format("가"), KOREAN.format("가") + " 그래"),  # in those of its own row
    ).with_columns(parents=pl.Series([["a"], ["b"], ["c"]]))
    question = "what would you say that a person who has never seen the sea should know before the first journey there"
    texts = [("a", question), ("b", LONG.format("Po")), ("c", KOREAN.format("가"))]
    given = read(*texts)
    split = novel(samples, (), (), NONE, 1, made="completion", rows=given)
    assert rules(split.ledger) == {0: "repeats_input"}
    assert split.ledger["detail"].str.json_path_match("$.repeats").to_list() == [LONG.format("Po")]
    assert novel(samples, (), (), NONE, 1, made="completion").ledger.is_empty()


def test_of_near_answers_to_near_prompts_the_first_stays_whatever_the_order() -> None:
    answer = (
        "it is a long way over stones and through reeds but at the end of it the water is salt and the boat is free"
    )
    samples = made((LONG.format("Han"), answer), (LONG.format("Po"), answer + " now")).with_columns(
        parents=pl.Series([["a"], ["b"]])
    )
    none = read()
    for frame in (samples, samples.reverse()):
        split = novel(frame, (), (), NONE, 1, made="completion", rows=none)
        assert rules(split.ledger) == {1: "repeats_sample"} and split.ledger["duplicate_of"].to_list() == [f"{0:032x}"]
