"""The sample that people are shown, stored once so that everyone judges the same rows whatever happens to the run."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from curation import storage, tables
from curation.errors import InputError
from curation.review.sampling import SAMPLE

FORMAT = 1
CARDS = pl.Schema(
    {
        **SAMPLE,
        "file": pl.String(),
        "record": pl.Int64(),
        "lang": pl.String(),
        "question": pl.String(),  # quality, duplicate or pair
        "prompt": pl.String(),  # of a pair
        "text": pl.String(),  # the row, or the first side of a pair
        "other": pl.String(),  # the text that it repeats, null where that is not in the run; or the second side
    }
)


@dataclass(frozen=True)
class Deck:
    """A stored sample.

    Attributes:
        folder: where it is, and where answers and results go.
        cards: schema `CARDS`.
        kind: rows or pairs.
        sides: of pairs: the names of the first and second side.
        seed: of the order of the rows and the sides of pairs.
        facts: what was counted when it was drawn, for people.
    """

    folder: Path
    cards: pl.DataFrame
    kind: str
    sides: tuple[str, str]
    seed: int
    facts: Mapping[str, Any]


@dataclass(frozen=True)
class Drawn:
    """What a sample was drawn as: its cards, and what was counted on the way."""

    cards: pl.DataFrame
    facts: Mapping[str, Any]


def open_deck(
    folder: Path,
    kind: str,
    state: str,
    options: Mapping[str, Any],
    given: Mapping[str, Any],
    draw: Callable[[], Drawn],
    sides: tuple[str, str] = ("", ""),
    fresh: bool = False,
) -> Deck:
    """The stored sample of a folder, or a new one.

    Args:
        folder: of the review.
        kind: rows or pairs.
        state: fingerprint of what the sample is drawn from.
        options: all that decides the sample, `seed` among it.
        given: those options that were asked for expressly; a stored sample must have been drawn with them.
        draw: draws the cards.
        sides: names of the sides of pairs.
        fresh: draw anew; answers to rows that are drawn again stay valid.

    Raises:
        InputError: when a stored sample was drawn from other rows or with other options, or cannot be read.
    """
    if (folder / "sample.json").is_file() and not fresh:
        deck, stored_state, stored = _load(folder)
        if stored_state != state:
            raise InputError(
                f"{folder}: found a sample of rows that have changed since, expected those of today; --fresh draws"
                " another, and answers to rows that are drawn again stay"
            )
        for name, value in given.items():
            was = stored.get(name)
            if was != value:
                raise InputError(
                    f"{folder}: found a sample drawn with {name} {'not given' if was is None else was}, expected"
                    f" {value}; --fresh draws another, and answers to rows that are drawn again stay"
                )
        return deck
    drawn = draw()
    cards = tables.check(drawn.cards, CARDS, "row_id")
    card: dict[str, Any] = {
        "format": FORMAT,
        "kind": kind,
        "state": state,
        "options": dict(options),
        "sides": list(sides),
        "facts": dict(drawn.facts),
    }
    storage.write_parquet(cards, folder / "sample.parquet")
    card["digest"] = storage.digest(folder / "sample.parquet")
    storage.write_text(json.dumps(card, ensure_ascii=False, indent=1, sort_keys=True) + "\n", folder / "sample.json")
    return Deck(folder, cards, kind, sides, int(options["seed"]), card["facts"])


def _load(folder: Path) -> tuple[Deck, str, Mapping[str, Any]]:
    try:
        card = json.loads((folder / "sample.json").read_text(encoding="utf-8"))
        if card["format"] != FORMAT or card["digest"] != storage.digest(folder / "sample.parquet"):
            raise InputError(f"{folder}: sample.json and sample.parquet do not belong together; --fresh draws another")
        cards = tables.check(pl.read_parquet(folder / "sample.parquet", glob=False), CARDS, "row_id")
        first, second = card["sides"]
        deck = Deck(folder, cards, card["kind"], (first, second), int(card["options"]["seed"]), card["facts"])
        return deck, card["state"], card["options"]
    except (
        OSError,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        tables.TableError,
        pl.exceptions.PolarsError,
    ) as error:
        raise InputError(f"{folder}: found a damaged sample ({error}); --fresh draws another") from error
