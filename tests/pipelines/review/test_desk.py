"""What one person is shown and may answer."""

from collections.abc import Callable
from pathlib import Path

import pytest

from curation.errors import InputError
from pipelines.review import main
from pipelines.review.deck import Deck
from pipelines.review.desk import PIECE, Desk
from pipelines.review.journal import Answer, Journal


def desk_of(deck: Deck, reviewer: str = "ann", show_decision: bool = False) -> Desk:
    return Desk(deck, reviewer, Journal(deck.folder / "answers" / f"{reviewer}.jsonl"), show_decision)


def pairs_deck(tmp_path: Path, count: int = 60) -> Deck:
    path = tmp_path / "p.jsonl"
    path.write_text(
        "".join(f'{{"prompt": "p{n}", "chosen": "good", "rejected": "bad"}}\n' for n in range(count)), encoding="utf-8"
    )
    return main.open_pairs(tmp_path / "out", [path], {"size": count})


def test_reviewers_are_blind_unless_told(run: Path) -> None:
    deck = main.open_run(run, None, {})
    blind, told = desk_of(deck), desk_of(deck, "ben", show_decision=True)
    for number in range(len(blind.order)):
        assert set(blind.row(number)) == {"row", "question", "lang", "parts"}
    said = {told.row(number)["decision"] for number in range(len(told.order))}
    assert said == {"kept", "dropped by words", "dropped by duplicate.exact"}


def test_a_duplicate_stands_beside_what_it_repeats(run: Path) -> None:
    desk = desk_of(main.open_run(run, None, {}))
    shown = [desk.row(number) for number in range(len(desk.order))]
    for row in shown:
        names = [part["name"] for part in row["parts"]]
        assert names == (["text", "other"] if row["question"] == "duplicate" else ["text"])
    assert any(row["question"] == "duplicate" for row in shown)


def test_a_long_text_comes_in_pieces_and_whole(tmp_path: Path, make_run: Callable[..., list[str]]) -> None:
    text = "가😀" * PIECE
    make_run(tmp_path / "r", [(text, None, 9.0)])
    desk = desk_of(main.open_run(tmp_path / "r", None, {}))
    (part,) = desk.row(0)["parts"]
    assert part["characters"] == 2 * PIECE and len(part["text"]) == PIECE
    assert part["text"] + desk.piece(0, 0, PIECE) == text
    assert desk.piece(0, 0, 2 * PIECE) == ""
    for number, at in ((1, 0), (0, 1)):
        with pytest.raises(IndexError):
            desk.piece(number, at, 0)


def test_answers_are_taken_and_continued(run: Path) -> None:
    deck = main.open_run(run, None, {})
    desk = desk_of(deck)
    first, second = desk.order[:2]
    assert desk.answer(first, "keep") == 1
    assert desk.answer(second, "unsure") == 2
    assert desk.answer(first, "drop") == 2
    desk.journal.close()
    queue = desk_of(deck).queue()
    assert queue["answers"] == {first: "drop", second: "unsure"}
    assert queue["history"] == [second, first]
    assert queue["rows"] == desk.order


@pytest.mark.parametrize("answer", ["left", "", "KEEP", "keep\n"])
def test_other_answers_are_refused(run: Path, answer: str) -> None:
    desk = desk_of(main.open_run(run, None, {}))
    with pytest.raises(InputError, match="expected one of keep, drop, unsure"):
        desk.answer(desk.order[0], answer)
    with pytest.raises(InputError, match="expected one of the sample"):
        desk.answer("0" * 32, "keep")
    assert desk.journal.answers() == {}


def test_sides_of_pairs_are_turned_by_a_coin_and_recorded(tmp_path: Path) -> None:
    deck = pairs_deck(tmp_path)
    desk = desk_of(deck)
    lefts = []
    for number, row in enumerate(desk.order):
        shown = desk.row(number)
        assert [part["name"] for part in shown["parts"]] == ["prompt", "left", "right"]
        left = {"good": "chosen", "bad": "rejected"}[shown["parts"][1]["text"]]
        lefts.append(left)
        desk.answer(row, "left")
        assert desk.journal.answers()[row] == Answer(left, left)
    # 60 coins: fewer than 15 or more than 45 of one side has a probability of 1 in 10 000
    assert 15 <= lefts.count("chosen") <= 45
    assert set(desk.queue()["answers"].values()) == {"left"}
    desk.answer(desk.order[0], "right")
    assert desk.journal.answers()[desk.order[0]].answer != lefts[0]
    desk.answer(desk.order[1], "tie")
    assert desk.queue()["answers"][desk.order[0]] == "right" and desk.queue()["answers"][desk.order[1]] == "tie"


def test_two_people_see_sides_turned_otherwise(tmp_path: Path) -> None:
    deck = pairs_deck(tmp_path)
    ann, ben = desk_of(deck, "ann"), desk_of(deck, "ben")
    first = {ann.row(n)["row"]: ann.row(n)["parts"][1]["text"] for n in range(60)}
    second = {ben.row(n)["row"]: ben.row(n)["parts"][1]["text"] for n in range(60)}
    assert first.keys() == second.keys() and first != second
