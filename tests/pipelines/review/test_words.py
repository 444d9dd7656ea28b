"""The results of a review in a terminal."""

from pathlib import Path

from pipelines.review import main, results, words
from pipelines.review.deck import Deck
from pipelines.review.desk import Desk
from pipelines.review.journal import Journal


def said(deck: Deck) -> str:
    return "\n".join(words.lines(deck, results.write(deck), "RUN"))


def answer(deck: Deck, reviewer: str, choices: dict[str | None, str], count: int = 1000) -> None:
    journal = Journal(deck.folder / "answers" / f"{reviewer}.jsonl")
    desk = Desk(deck, reviewer, journal)
    rules = dict(deck.cards.select("row_id", "rule").iter_rows())
    for row in desk.order[:count]:
        desk.answer(row, choices[rules[row]])
    journal.close()


def test_before_the_first_answer(run: Path) -> None:
    assert said(main.open_run(run, None, {"size": 76})).startswith("No answers yet to the 76 rows in ")


def test_one_person_in_the_middle_is_told_how_to_go_on(run: Path) -> None:
    deck = main.open_run(run, None, {"size": 76})
    answer(deck, "ann", {None: "keep", "words": "drop", "duplicate.exact": "drop"}, 30)
    shown = said(deck)
    assert "46 rows are left for ann: keepwise review RUN --reviewer ann" in shown
    assert "keepwise review RUN --reviewer NAME" in shown
    assert "--apply" not in shown and "--train" not in shown and "Cohen" not in shown


def test_rules_that_drop_much_are_named(run: Path) -> None:
    deck = main.open_run(run, None, {"size": 76})
    for name in ("ann", "ben"):
        answer(deck, name, {None: "keep", "words": "keep", "duplicate.exact": "drop"})
    lines = said(deck).splitlines()
    rule = next(line for line in lines if line.startswith("words"))
    assert rule.split() == ["words", "30", "30", "30", "0", "100%", "(100%", "to", "100%)"]
    assert "  Much of what these drop people would keep; look at their thresholds: words" in lines
    assert any("30 rows were decided otherwise than by the run: keepwise review RUN --apply" in line for line in lines)
    assert any(line.startswith("ann, ben") and line.endswith("1.00") for line in lines)
    assert "Krippendorff's alpha of all: 1.00" in "\n".join(lines)
    assert "kept rows that people would keep" in "\n".join(lines)


def test_strata_without_an_answer_are_said(run: Path) -> None:
    deck = main.open_run(run, None, {"size": 76})
    journal = Journal(deck.folder / "answers/ann.jsonl")
    desk = Desk(deck, "ann", journal)
    row = deck.cards.filter(deck.cards["rule"] == "words")["row_id"][0]
    desk.answer(row, "drop")
    journal.close()
    shown = said(deck)
    assert "Not counted, in strata without an answer: 40 kept rows." in shown
    assert "not answered" in shown


def test_pairs_say_which_side_is_better(tmp_path: Path) -> None:
    path = tmp_path / "p.jsonl"
    path.write_text("".join(f'{{"prompt": "p{n}", "chosen": "good", "rejected": "bad"}}\n' for n in range(20)))
    deck = main.open_pairs(tmp_path, [path], {"size": 20})
    journal = Journal(deck.folder / "answers/ann.jsonl")
    desk = Desk(deck, "ann", journal)
    for row in desk.order:
        desk.answer(row, "left")
    journal.close()
    shown = said(deck)
    assert "better by majority" in shown and "chosen is better in " in shown
    assert "The answer on the left was taken in 100% (84% to 100%)" in shown
    assert "--apply" not in shown
