"""Settings of dialogues."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ... import bounds
from .. import own
from ..own import Values

STARTS = ("document", "topic")
ROWS = ("dialogue", "turn")


FORMS = {
    "user": Values((), ("kind", "text", "begun", "end")),
    "answer": Values(("document", "question")),
}


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
        templates: prompt forms of one's own (Jinja) by name, for all languages: `user` (with `kind`, `text`,
            `begun` and `end`) and `answer` (`document`, `question`).
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
    templates: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        own.check("dialogue option templates", self.templates, FORMS)
        first = self.min_exchanges
        distinct = self.per_source == 1 or self.user_temperature != 0
        warm = f"above 0 with per_source {self.per_source}: dialogues would begin the same"
        bounds.expect("dialogue", self, {
            **bounds.one_of(self, start=STARTS, rows=ROWS),
            **bounds.language(self),
            **bounds.count(self, 1, "per_source", "user_max_tokens", "min_exchanges"),
            "max_exchanges": (f"at least min_exchanges, which is {first}", self.max_exchanges >= first),
            **bounds.count(self, 0, "user_temperature"),
            **bounds.sampling(self),
            **bounds.share(self, "max_similarity", "min_language"),
        })  # fmt: skip
        bounds.expect("dialogue", self, {"user_temperature": (warm, distinct)})
