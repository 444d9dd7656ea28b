"""Settings of dialogues."""

from dataclasses import dataclass

from curation.errors import InputError

from ..attempt import LANGUAGES

STARTS = ("document", "topic")
ROWS = ("dialogue", "turn")


@dataclass(frozen=True)
class DialogueOptions:
    """What dialogues are about, how long they are, and when a turn ends one.

    Attributes:
        start: what the text of a document is: a `document` that the user wants to know about, or a `topic`. Rows start
            with their own prompt as the first turn.
        grounded: show a document to the assistant as well while it answers; the sample never has it.
        per_source: dialogues for each document or row.
        min_exchanges: exchanges (a user's turn and its answer) that a dialogue must have; one that ends before is
            dropped.
        max_exchanges: exchanges after which a dialogue ends.
        user_temperature: of the simulated user's turns.
        temperature: of the assistant's turns.
        top_p: of both.
        user_max_tokens, max_tokens: longest turn of the user and of the assistant.
        max_similarity: ROUGE-L (F) with an earlier turn from which a turn only repeats it, which ends the dialogue.
        rows: `dialogue`: one row for each, its completion every turn from the first answer on (Keepwise trains on the
            assistant's turns of it); `turn`: one row for each answer, its prompt all turns before, for trainers that
            would train on a whole completion.
        min_language: what the shares of scripts of a turn and of what it follows have in common, at least.
        language: of the prompts: `auto` (by the text), `en` or `ko`.
    """

    start: str = "document"
    grounded: bool = True
    per_source: int = 1
    min_exchanges: int = 2
    max_exchanges: int = 4
    user_temperature: float = 0.9
    temperature: float = 0.7
    top_p: float = 0.95
    user_max_tokens: int = 128
    max_tokens: int = 512
    max_similarity: float = 0.8
    rows: str = "dialogue"
    min_language: float = 0.5
    language: str = "auto"

    def __post_init__(self) -> None:
        for name, values in (("start", STARTS), ("rows", ROWS), ("language", LANGUAGES)):
            if getattr(self, name) not in values:
                raise InputError(
                    f"dialogue option {name} is {getattr(self, name)!r}, expected one of {', '.join(values)}"
                )
        for name in ("per_source", "user_max_tokens", "max_tokens"):
            if getattr(self, name) < 1:
                raise InputError(f"dialogue option {name} is {getattr(self, name)}, expected at least 1")
        if not 1 <= self.min_exchanges <= self.max_exchanges:
            raise InputError(
                f"dialogue option min_exchanges is {self.min_exchanges} and max_exchanges {self.max_exchanges}, "
                "expected 1 <= min_exchanges <= max_exchanges"
            )
        for name in ("user_temperature", "temperature"):
            if not getattr(self, name) >= 0:  # `not`, so that what is no number is refused as well
                raise InputError(f"dialogue option {name} is {getattr(self, name)}, expected 0 or more")
        if self.per_source > 1 and self.user_temperature == 0:
            raise InputError(
                f"dialogue option user_temperature is 0 with per_source {self.per_source}, so that every dialogue "
                "begins the same; expected more than 0"
            )
        if not 0 < self.top_p <= 1:
            raise InputError(f"dialogue option top_p is {self.top_p}, expected above 0 and at most 1")
        for name in ("max_similarity", "min_language"):
            if not 0 <= getattr(self, name) <= 1:
                raise InputError(f"dialogue option {name} is {getattr(self, name)}, expected from 0 to 1")
