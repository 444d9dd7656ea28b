"""The checks measured: canaries find a check that cannot tell right from wrong, and never reach the output."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from curation.checks import typed
from curation.checks.typed_result import CheckResult, verdict
from curation.errors import InputError
from synth.distill import CanaryError, DistillOptions, distill
from synth.distill.asked import Asker
from synth.distill.canaries import measure
from synth.distill.item import items
from synth.distill.judge import FOREIGN

Make = Callable[..., pl.DataFrame]


def capitals(make_rows: Make, count: int, style: str = "The final answer to {} shall be {}.") -> pl.DataFrame:
    words = [f"city{chr(97 + n % 26)}{chr(97 + n // 26)}" for n in range(count)]
    return make_rows(
        [{"prompt": f"Capital {n}?", "completion": style.format(n, w), "answer": w} for n, w in enumerate(words)]
    )


def test_a_check_that_can_tell_is_measured_without_errors(make_rows: Make) -> None:
    measured = measure(list(items(capitals(make_rows, 80))), DistillOptions(canaries=60), seed=1)
    accept, reject = measured["false_accept"], measured["false_reject"]
    assert (accept["wrong"], accept["of"], reject["wrong"], reject["of"]) == (0, 120, 0, 60)
    assert (accept["budget"], reject["budget"]) == (0.08, 0.5)
    for group in ("short_answer, en", "form"):
        found = accept["by_group"][group]
        assert found["of"] == 60 and found["high"] == pytest.approx(0.0602, abs=1e-4) and found["shown"]
    kinds = accept["by_kind"]
    assert kinds["another row's answer"]["of"] == kinds["another row's reference"]["of"] == kinds["denied"]["of"] == 20
    assert {"cut off", "empty", "leak", "turns", "order", "refusal", "loop", "other language"} < set(kinds)


def test_references_that_name_every_answer_make_the_check_useless_and_the_run_stops(
    make_rows: Make, by_rule: Any
) -> None:
    rows = make_rows(
        [
            {"prompt": f"Is review {n} good?", "completion": f"Among positive and negative it is {answer}.",
             "answer": answer}
            for n, answer in enumerate(["positive", "negative"] * 40)
        ]
    )  # fmt: skip
    engine = by_rule(lambda request: "positive")
    with pytest.raises(
        CanaryError, match=r"accept known-bad answers too often \(short_answer, en\): .* expected at most 0.08"
    ):
        distill(rows, engine, engine, DistillOptions(), seed=1)
    assert engine.asked == []  # found before anything was generated


def test_references_without_their_answers_stop_the_run(make_rows: Make) -> None:
    rows = capitals(make_rows, 80, style="I would rather not say.")
    with pytest.raises(CanaryError, match="reject known-good answers too often"):
        measure(list(items(rows)), DistillOptions(), seed=1)


def test_open_text_is_measured_with_other_rows_references(make_rows: Make) -> None:
    topics = ["rivers carry sediment", "glaciers scratch bedrock", "volcanoes build islands", "winds shape dunes"]
    places = [f"near {chr(97 + n) * 6}" for n in range(16)]
    rows = make_rows([{"prompt": f"Explain {t} {p}", "completion": f"Slowly {t} {p}."} for t in topics for p in places])
    measured = measure(list(items(rows)), DistillOptions(max_false_accept=1.0), seed=1)
    assert measured["false_reject"]["wrong"] == 0
    # One sentence each, without a number: it cannot lose a sentence, and no number can change.
    kinds = measured["false_accept"]["by_kind"]
    assert {"another row's reference", "entity", "added claim"} < set(kinds) and "dropped sentence" not in kinds
    assert measured["false_accept"]["by_group"]["open text, en"]["of"] == 240
    assert measured["false_accept"]["by_group"]["open text, en"]["wrong"] == 0
    assert measured["too_few"] == {"good": {}, "bad": {}}
    few = measure(list(items(rows[:3])), DistillOptions(max_false_accept=1.0), seed=1)
    own = few["too_few"]["bad"]["open text, en"]
    given = few["false_accept"]["by_group"]["open text, en, ready rows"]
    assert own["wanted"] == 240 == own["of"] + given["of"] and given["wrong"] == 0 < given["of"]


def test_ready_rows_give_what_a_run_has_too_few_for_and_are_counted_apart(make_rows: Make) -> None:
    measured = measure(list(items(capitals(make_rows, 3))), DistillOptions(), seed=1)
    accept = measured["false_accept"]
    assert (accept["wrong"], accept["of"], measured["false_reject"]["of"]) == (0, 120, 60) and accept["shown"]
    few = measured["false_accept"]["by_group"]["short_answer, en"]
    assert few["of"] == 15  # each of 3 rows with both others, two kinds, and denied
    assert few["possible"] == few["high"] == pytest.approx(0.2039, abs=1e-4)  # what so few can show at best
    forms = {"of": 24, "wanted": 60}  # three each of eight ways
    assert measured["too_few"]["bad"] == {"short_answer, en": {"of": 15, "wanted": 60}, "form": forms}
    given = {name: found["of"] for name, found in accept["by_group"].items() if name.endswith("ready rows")}
    assert given == {"short_answer, en, ready rows": 45, "form, ready rows": 36}
    assert measured["false_reject"]["by_group"]["short_answer, en, ready rows"]["of"] == 24
    alone = measure(list(items(capitals(make_rows, 1))), DistillOptions(), seed=1)
    assert alone["false_accept"]["by_group"]["short_answer, en"]["of"] == 1
    none = measure(list(items(capitals(make_rows, 3))), DistillOptions(canaries=0), seed=1)
    assert none["false_accept"]["of"] == none["false_reject"]["of"] == 0
    nothing = measure([], DistillOptions(), seed=1)
    assert nothing["false_accept"]["of"] == 0 and nothing["false_accept"]["rate"] is None


KINDS: dict[str, Callable[[int], dict[str, Any]]] = {
    "short_answer": lambda n: {"completion": f"The place is Ort{n}.", "answer": f"Ort{n}"},
    "yes": lambda n: {"completion": f"Yes, by {n} steps.", "answer": "yes"},
    "no": lambda n: {"completion": f"No, by {n} steps.", "answer": "No."},
    "number": lambda n: {"completion": f"That makes {n}7.", "answer": f"{n}7"},
    "choice": lambda n: {"completion": f"I pick {'BC'[n % 2]}.", "answer": "BC"[n % 2], "choices": ["A", "B", "C"]},
    "json": lambda n: {"completion": f'{{"a": {n}, "b": "x"}}', "answer": f'{{"a": {n}, "b": "x"}}'},
    "python_call": lambda n: {"completion": f"f(a={n}, b='x')", "answer": f"f(a={n}, b='x')"},
    "parallel": lambda n: {"completion": f"f(a={n})\ng('(#', b=<token>)", "answer": f"f(a={n})\ng('(#', b=<token>)"},
    "half_a_pair": lambda n: dict.fromkeys(("completion", "answer"), f'{{"a": {n}, "b": "\\ud83d"}}'),
    "regex": lambda n: {"completion": f"A{n}", "answer": r"[A-Z]\d+"},
    "one_match": lambda n: {"completion": f"A{n}", "answer": f"A{n}"},
}  # fmt: skip


@pytest.mark.parametrize(("kind", "rows", "good"), [
    ("short_answer", 5, 60), ("number", 5, 60), ("choice", 5, 60), ("json", 6, 60), ("python_call", 9, 60),
    ("short_answer", 4, 48), ("regex", 5, 60), ("one_match", 9, 9), ("yes", 1, 8), ("yes", 5, 40), ("no", 12, 60),
    ("parallel", 9, 27), ("half_a_pair", 6, 60),
])  # fmt: skip
def test_a_few_rows_give_as_many_good_canaries_as_are_wanted_or_ready_rows_give_the_rest(
    make_rows: Make, kind: str, rows: int, good: int
) -> None:
    others = {"yes": "short_answer", "no": "short_answer", "parallel": "python_call", "half_a_pair": "json"}
    check = {**others, "one_match": "regex"}.get(kind, kind)
    made = make_rows([{"prompt": f"q{n}?", "check": check, **KINDS[kind](n)} for n in range(rows)])
    measured = measure(list(items(made)), DistillOptions(max_false_accept=1.0), seed=1)
    reject = measured["false_reject"]
    group = reject["by_group"][f"{check}, en"]
    assert (group["of"], group["wrong"], group["rows"]) == (good, 0, rows)
    rest = reject["by_group"].get(f"{check}, en, ready rows", {"of": 0, "wrong": 0})
    assert (rest["of"], rest["wrong"], reject["of"]) == (60 - good, 0, 60)
    assert measured["false_accept"]["of"] == 120 and measured["false_accept"]["wrong"] == 0
    assert (reject["own"]["of"], reject["own"]["rows"]) == (good, rows)
    short = {f"{check}, en": {"of": good, "wanted": 60}} if good < 60 else {}
    assert measured["too_few"]["good"] == short
    many = make_rows([{"prompt": f"q{n}?", "check": check, **KINDS[kind](n)} for n in range(60)])
    enough = measure(list(items(many)), DistillOptions(max_false_accept=1.0), seed=1)
    assert set(enough["false_reject"]["by_kind"]) == {"own reference"} and not enough["too_few"]["good"]


def test_what_is_wrong_with_a_run_s_own_rows_is_not_outweighed_by_ready_rows(make_rows: Make) -> None:
    """Patterns that take one text alone, and references that are another: three of a language are too few to stop for,
    six are enough, however many ready rows pass."""
    rows = make_rows(
        [{"prompt": question.format(n), "completion": "none", "answer": f"A{n}", "check": "regex"}
         for question in ("Which code has part {}?", "{}번 부품의 코드는 무엇입니까?") for n in range(3)]
    )  # fmt: skip
    loose = DistillOptions(max_false_accept=1.0)
    few = measure(list(items(rows[:3])), loose, seed=1)["false_reject"]
    assert (few["wrong"], few["of"], few["own"]["wrong"], few["own"]["of"]) == (3, 60, 3, 3)
    with pytest.raises(CanaryError, match=r"reject known-good answers too often \(all groups\): 6 of 6"):
        measure(list(items(rows)), loose, seed=1)


@pytest.mark.parametrize("rows", [
    [{"prompt": f"{n} + 1 =", "completion": f"{n + 1}", "answer": f"{n + 1}", "check": "number"} for n in range(6)],
    [{"prompt": f"{n} 쪽이 짝수입니까?", "completion": f"{said}, 그렇게 봅니다.", "answer": said}
     for n, said in enumerate(["예", "네", "아니요", "아니오", "예", "아뇨"])],
])  # fmt: skip
def test_numbers_without_words_and_many_words_for_yes_stop_no_run(make_rows: Make, rows: list[dict[str, Any]]) -> None:
    measured = measure(list(items(make_rows(rows))), DistillOptions(), seed=1)
    assert measured["false_accept"]["wrong"] == measured["false_reject"]["wrong"] == 0


def test_with_marks_of_translation_checked_references_alone_are_known_good(make_rows: Make) -> None:
    """An answer with a mark has more of them in 100 words of a short sentence than in its reference: such a variant
    would be rightly refused."""
    rows = make_rows(
        [
            {"prompt": f"{n}번 고을에는 무엇이 흐릅니까?", "answer": f"세 개의 강{n}",
             "completion": f"오래된 지도에 보이는 대로 이 고을 옆으로는 해마다 세 개의 강{n}, 늘 같은 길로 흐릅니다."}
            for n in range(5)
        ]
    )  # fmt: skip
    measured = measure(list(items(rows)), DistillOptions(fluency=True), seed=1)
    assert set(measured["false_reject"]["by_kind"]) == {"own reference"} and not measured["false_reject"]["wrong"]
    assert measured["false_reject"]["of"] == measured["false_reject"]["rows"] == 60
    assert measured["too_few"]["good"] == {"short_answer, ko": {"of": 5, "wanted": 60}}
    free = measure(list(items(rows)), DistillOptions(), seed=1)
    assert free["false_reject"]["of"] == 60 and not free["false_reject"]["wrong"]


def test_a_check_that_takes_nothing_but_the_reference_itself_stops_a_run_of_few_rows(
    make_rows: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Five references that pass show little: without the variants nothing would be found."""
    rows = list(items(capitals(make_rows, 5)))
    whole = typed.check
    own = {row.reference for row in rows}

    def broken(name: str, wanted: str, text: str, **settings: Any) -> CheckResult:
        found = whole(name, wanted, text, **settings)
        return found if name != "short_answer" or text in own else verdict(name, False, "broken")

    monkeypatch.setattr(typed, "check", broken)
    with pytest.raises(
        CanaryError,
        match=r"reject known-good answers too often \(short_answer, en\): 55 of 60 .*of such rows, or raise",
    ):
        measure(rows, DistillOptions(), seed=1)


def test_canaries_depend_on_no_order_and_never_reach_the_output(make_rows: Make, by_rule: Any) -> None:
    rows = capitals(make_rows, 30)
    forwards = measure(list(items(rows)), DistillOptions(), seed=4)
    assert forwards == measure(list(items(rows.reverse())), DistillOptions(), seed=4)
    # Where only some rows are taken the seed says which: of these, half have a reference without its answer.
    half = make_rows([{"prompt": f"q{n}", "completion": "I would rather not say.", "answer": "x"} if n < 20 else
                      {"prompt": f"q{n}", "completion": "It is x.", "answer": "x"} for n in range(40)])  # fmt: skip
    some = DistillOptions(canaries=10, max_false_accept=1.0, max_false_reject=1.0)
    by_seed = [measure(list(items(half)), some, seed)["false_reject"]["wrong"] for seed in range(4)]
    assert by_seed == [measure(list(items(half.reverse())), some, seed)["false_reject"]["wrong"] for seed in range(4)]
    assert len(set(by_seed)) > 1
    engine = by_rule(lambda request: "nothing")
    made = distill(rows, engine, engine, DistillOptions(), seed=4)
    assert made.samples["completion"].to_list() == rows["completion"].to_list()
    assert made.ledger.height == made.report["requests"]["candidates"] + 30


@pytest.mark.parametrize("kind", ["leak", "refusal", "markers", "orders", "repetition", "finish", "short_answer"])
@pytest.mark.parametrize("korean", [False, True])
def test_a_broken_check_stops_the_run(
    make_rows: Make, by_rule: Any, monkeypatch: pytest.MonkeyPatch, kind: str, korean: bool
) -> None:
    rows = capitals(make_rows, 80)
    if korean:
        names = [f"{first}{last}시" for first in "가나다라마바사아" for last in "강곡산성천포원진양평"]
        rows = make_rows(
            [
                {"prompt": f"{n}번 고을의 수도는?", "completion": f"수도는 {w}입니다.", "answer": w}
                for n, w in enumerate(names)
            ]
        )
    measure(list(items(rows)), DistillOptions(), seed=1)  # whole, it passes
    whole = typed.check

    def broken(name: str, *args: Any, **settings: Any) -> CheckResult:
        return verdict(name, True, "broken") if name == kind else whole(name, *args, **settings)

    monkeypatch.setattr(typed, "check", broken)
    engine = by_rule(lambda request: "nothing")
    with pytest.raises(CanaryError, match=r"the checks accept known-bad answers too often \((form|short_answer, ..)\)"):
        distill(rows, engine, engine, DistillOptions(), seed=1)
    assert engine.asked == [] and issubclass(CanaryError, InputError)  # the command ends with exit code 2


def test_a_broken_content_check_stops_a_run_of_open_text(
    make_rows: Make, by_rule: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    topics = ["rivers carry sediment", "glaciers scratch bedrock", "volcanoes build islands", "winds shape dunes"]
    places = [f"near {chr(97 + n) * 6}" for n in range(16)]
    rows = make_rows([{"prompt": f"Explain {t} {p}", "completion": f"Slowly {t} {p}."} for t in topics for p in places])
    measure(list(items(rows)), DistillOptions(), seed=1)
    monkeypatch.setattr("synth.distill.open_text.checks", lambda *args: [])
    with pytest.raises(CanaryError, match=r"\(open text, en\)"):
        measure(list(items(rows)), DistillOptions(), seed=1)


def test_a_judge_that_takes_everything_adds_nothing_and_one_that_takes_nothing_stops_the_run(
    make_rows: Make, by_rule: Any
) -> None:
    topics = ["rivers carry sediment", "glaciers scratch bedrock", "volcanoes build islands", "winds shape dunes"]
    places = [f"near {chr(97 + n) * 6}" for n in range(16)]
    rows = list(
        items(make_rows([{"prompt": f"{t} {p}?", "completion": f"Slowly {t} {p}."} for t in topics for p in places]))
    )
    options = DistillOptions(judge=True)
    with pytest.raises(CanaryError, match="reject known-good answers too often"):
        measure(rows, options, 1, Asker(by_rule(lambda request: "A"), None, options, 1))


KOREAN = Path(__file__).parents[3] / "benchmarks" / "korean_rewrites.jsonl"


@pytest.mark.parametrize("end", ["", ".", "입니다", "입니다."])
def test_korean_answers_with_their_copula_or_mark_stop_no_run(make_rows: Make, end: str) -> None:
    places = ["서울", "부산", "대구", "인천", "광주", "대전", "울산", "세종"]
    rows = make_rows([{"prompt": f"{n}번째 도시는 어디인가요?", "completion": f"그 도시는 {place}입니다.",
                       "answer": f"{place}{end}"} for n, place in enumerate(places)])  # fmt: skip
    measured = measure(list(items(rows)), DistillOptions(), seed=1)
    assert measured["false_accept"]["wrong"] == measured["false_reject"]["wrong"] == 0


@pytest.mark.parametrize("careless", [False, True])
def test_a_judge_that_decides_alone_takes_natural_rewrites_or_stops_the_run(
    make_rows: Make, by_rule: Any, careless: bool
) -> None:
    """Of rewrites in quite other words, which the signs refuse; the careless judge overlooks planted changes."""
    every = [json.loads(line) for line in KOREAN.read_text(encoding="utf-8").splitlines()]
    rows = make_rows([{"prompt": row["instruction"], "completion": row["reference"]} for row in every])

    def rule(request: Any) -> str:
        text = request.prompt[-1][1]
        if "/judge-" not in request.id:
            return next(str(row["rewrites"][0]) for row in every if row["instruction"] in text)
        both = {text.split(f"<{name}>\n")[1].split(f"\n</{name}>")[0].strip() for name in ("first", "second")}
        same = any(both <= {row["reference"], *row["rewrites"]} for row in every)
        if careless:
            same = not both & set(FOREIGN.values())
        return "A" if same == ("A: 같은" in text or "A: they say the same" in text) else "B"

    options = DistillOptions(signs=False, judge=True, candidates=1, closed_book=False)
    if careless:
        with pytest.raises(CanaryError, match="accept known-bad answers too often"):
            distill(rows, by_rule(rule), None, options, seed=1)
        return
    tiers = distill(rows, by_rule(rule), None, options, seed=1).samples["tier"].to_list()
    assert tiers.count("verified_rewrite") == len(rows)
    with_signs = distill(rows, by_rule(rule), None, replace(options, signs=True), seed=1)
    assert set(with_signs.samples["tier"]) == {"gold_fallback"}


def test_too_few_to_show_it_stop_a_run_only_when_the_fault_is_certain(make_rows: Make) -> None:
    names = ["positive", "negative"] * 3
    bad = [
        {"prompt": f"Is {n} good?", "completion": f"Of positive and negative, {a}.", "answer": a}
        for n, a in enumerate(names)
    ]
    with pytest.raises(CanaryError, match="lower bound"):
        measure(list(items(make_rows(bad))), DistillOptions(canaries=20), seed=1)
    lenient = DistillOptions(canaries=20, max_false_accept=0.8)
    assert measure(list(items(make_rows(bad))), lenient, seed=1)["false_accept"]["wrong"] > 0
