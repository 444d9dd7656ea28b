"""What one person is shown and may answer: the rows in their order, their texts in pieces, their answers."""

from dataclasses import dataclass
from typing import Any

import xxhash

from curation.errors import InputError
from curation.review import sampling
from curation.review.answers import ROW_ANSWERS

from .deck import Deck
from .journal import Answer, Journal

PAIR_ANSWERS = ("left", "right", "tie", "unsure")
PIECE = 100_000  # characters of a text sent at a time: a page of 100 MB would stop a browser


@dataclass(frozen=True)
class Part:
    """A text on the page, under a heading."""

    name: str  # text, other, prompt, left, right
    text: str


class Desk:
    """The work of one reviewer on a deck.

    Args:
        deck: the stored sample.
        reviewer: a name that `reviewer_name` let through.
        journal: of this reviewer's answers.
        show_decision: tell what the run decided about each row; without it reviewers judge blindly.
    """

    def __init__(self, deck: Deck, reviewer: str, journal: Journal, show_decision: bool = False) -> None:
        self.deck = deck
        self.reviewer = reviewer
        self.journal = journal
        self.show_decision = show_decision
        self.order = sampling.order(deck.cards, reviewer, deck.seed)
        self._cards = {card["row_id"]: card for card in deck.cards.iter_rows(named=True)}

    def queue(self) -> dict[str, Any]:
        """Rows in order, answers so far, and the rows that were answered, in the order of answering."""
        answers = {row: answer for row, answer in self.journal.answers().items() if row in self._cards}
        return {
            "kind": self.deck.kind,
            "reviewer": self.reviewer,
            "rows": self.order,
            "answers": {row: self._seen(row, answer) for row, answer in answers.items()},
            "history": list(answers),
        }

    def row(self, number: int) -> dict[str, Any]:
        """What the page shows of the row at a place in the order.

        Raises:
            IndexError: for a number outside the order.
        """
        card = self._card(number)
        shown: dict[str, Any] = {
            "row": card["row_id"],
            "question": card["question"],
            "lang": card["lang"],
            "parts": [
                {"name": part.name, "text": part.text[:PIECE], "characters": len(part.text)}
                for part in self._parts(card)
            ],
        }
        if self.show_decision and self.deck.kind == "rows":
            shown["decision"] = "kept" if card["kept"] else f"dropped by {card['rule'] or 'unknown'}"
        return shown

    def piece(self, number: int, part: int, start: int) -> str:
        """More of a text: at most `PIECE` characters from `start`.

        Raises:
            IndexError: for a row or part that is not there.
        """
        parts = self._parts(self._card(number))
        if not 0 <= part < len(parts):
            raise IndexError(part)
        return parts[part].text[start : start + PIECE]

    def answer(self, row: str, answer: str | None) -> int:
        """Save an answer, none to take it back; the number of rows answered then.

        Raises:
            InputError: for a row that is not in the sample, or an answer that is none.
        """
        if row not in self._cards:
            raise InputError(f"row: found {row[:60]!r}, expected one of the sample")
        known = PAIR_ANSWERS if self.deck.kind == "pairs" else ROW_ANSWERS
        if answer is not None and answer not in known:
            raise InputError(f"answer: found {answer[:60]!r}, expected one of {', '.join(known)}")
        self.journal.add(row, None if answer is None else self._meant(row, answer))
        return sum(each in self._cards for each in self.journal.answers())

    def _card(self, number: int) -> dict[str, Any]:
        if not 0 <= number < len(self.order):
            raise IndexError(number)
        return self._cards[self.order[number]]

    def _parts(self, card: dict[str, Any]) -> list[Part]:
        if self.deck.kind == "pairs":
            left, right = ("other", "text") if self._turned(card["row_id"]) else ("text", "other")
            return [Part("prompt", card["prompt"]), Part("left", card[left]), Part("right", card[right])]
        other = [Part("other", card["other"])] if card["other"] is not None else []
        return [Part("text", card["text"]), *other]

    def _turned(self, row: str) -> bool:
        """Whether the second side stands on the left: a coin for each person and row, the same whenever it is asked."""
        mark = f"{self.deck.seed}\x00{self.reviewer}\x00side\x00{row}"
        return bool(xxhash.xxh3_64_intdigest(mark.encode()) & 1)

    def _meant(self, row: str, answer: str) -> Answer:
        """An answer about left and right as one about the sides, with the side that stood on the left."""
        if self.deck.kind != "pairs":
            return Answer(answer)
        left, right = reversed(self.deck.sides) if self._turned(row) else self.deck.sides
        return Answer({"left": left, "right": right}.get(answer, answer), left)

    def _seen(self, row: str, answer: Answer) -> str:
        """An answer about the sides as one about left and right."""
        if self.deck.kind != "pairs" or answer.answer not in self.deck.sides:
            return answer.answer
        return "left" if answer.answer == answer.left else "right"
