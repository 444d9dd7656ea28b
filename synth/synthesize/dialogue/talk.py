"""A dialogue as it grows: who is asked for the next turn, what a turn is checked for, and when it is over."""

from dataclasses import dataclass, field
from typing import Any

from curation.checks.typed_result import CheckResult, verdict
from curation.metrics.text import rouge_l
from curation.model import Request, Sampling

from ...drop import Drop
from .. import own
from ..attempt import Ask, Attempt, Source, language_of, source_of
from ..form import form
from ..passages import points
from ..plain import plain, prompt
from .options import DialogueOptions

END = "[END]"  # what the simulated user writes when there is nothing left to ask
Turns = tuple[tuple[str, str], ...]


@dataclass
class Talk:
    """A dialogue.

    Attributes:
        source: the document or row it started from.
        number: among the dialogues of the source.
        kind: `document`, `topic` or `prompt`.
        text: the document, the topic, or the first prompt.
        opening: turns that were there before anybody was asked; the first prompt of a row.
        exchanges: whole exchanges so far: the user's turn, none where it was there, and the answer.
        attempts: every request, also those that failed.
        over: why it ended, none while it goes on.
    """

    source: Source
    number: int
    kind: str
    text: str
    opening: Turns
    exchanges: list[tuple[Attempt | None, Attempt]] = field(default_factory=list)
    attempts: list[Attempt] = field(default_factory=list)
    pending: Attempt | None = None  # the user's turn of an exchange without its answer
    over: str | None = None

    @property
    def turns(self) -> Turns:
        """All turns, a user's that waits for its answer included."""
        made = list(self.opening)
        for asked, answer in self.exchanges:
            made += [("user", asked.text)] if asked is not None else []
            made.append(("assistant", answer.text))
        return (*made, ("user", self.pending.text)) if self.pending is not None else tuple(made)

    @property
    def waits(self) -> bool:
        """Whether the last turn is a user's, so that the assistant is next."""
        return bool(self.turns) and self.turns[-1][0] == "user"

    def end(self, reason: str) -> None:
        """End it; a user's turn without an answer is dropped."""
        self.over = reason
        if self.pending is not None:
            self.pending.settle(Drop("abandoned", detail={"because": reason}))
            self.pending = None


def talks(row: dict[str, Any], options: DialogueOptions) -> list[Talk]:
    """The dialogues of a document (`tables.DOCUMENTS`) or row (`synth.rows.ROWS`), before their first request."""
    source = source_of(row)
    kind, text = "prompt", ""
    opening: Turns = ()
    if "doc_id" in row:
        kind, text = options.start, row["text"]
    else:
        text = row["prompt"][-1]["content"]
        opening = tuple((turn["role"], turn["content"]) for turn in row["prompt"])
    return [Talk(source, number, kind, text, opening) for number in range(options.per_source)]


def user_ask(talk: Talk, options: DialogueOptions, seed: int) -> Ask:
    """The request for the user's next turn.

    The simulator sees the dialogue with the roles changed: what it said itself stands in the assistant's turns. So no
    transcript is ever written out as text, and nothing in a turn can pass for another one.
    """
    template = own.form("dialogue", "user", language_of(talk.text, options.language), options.templates)
    begun = talk.turns[next((n for n, turn in enumerate(talk.turns) if turn[0] == "user"), 0) :]
    (instruction,) = prompt(
        template, {"kind": talk.kind, "text": talk.text, "begun": bool(begun), "end": END}
    )  # fmt: skip
    other = {"user": "assistant", "assistant": "user"}
    seen = tuple((other[role], plain(content)) for role, content in begun if role in other)
    sampling = Sampling(options.user_max_tokens, options.user_temperature, options.top_p, seed=seed)
    name = f"{talk.source.id}/dialogue-{len(talk.exchanges)}-user"
    return Ask(talk.source, Request(name, (instruction, *seen), sampling, talk.number), template)


def assistant_ask(talk: Talk, options: DialogueOptions, seed: int) -> Ask:
    """The request for the assistant's next turn: the dialogue as it is, the document before the last question."""
    turns = tuple((role, plain(content)) for role, content in talk.turns)
    template = None
    if talk.kind == "document" and options.grounded:
        template = own.form("dialogue", "answer", language_of(talk.text, options.language), options.templates)
        turns = (*turns[:-1], *prompt(template, {"document": talk.text, "question": talk.turns[-1][1]}))
    sampling = Sampling(options.max_tokens, options.temperature, options.top_p, seed=seed)
    name = f"{talk.source.id}/dialogue-{len(talk.exchanges)}-assistant"
    return Ask(talk.source, Request(name, turns, sampling, talk.number), template)


def hear_user(talk: Talk, attempt: Attempt, options: DialogueOptions) -> None:
    """Take the user's turn into the dialogue, or end it: at the end mark, or at a turn that fails a check."""
    talk.attempts.append(attempt)
    if attempt.drop is None and attempt.text.endswith(END):
        attempt.drop = Drop("end")
        talk.end("end")
        return
    _check(talk, attempt, talk.text, options)
    if attempt.drop is None:
        talk.pending = attempt
    else:
        talk.end(f"user.{attempt.drop.rule}")


def hear_assistant(talk: Talk, attempt: Attempt, options: DialogueOptions) -> None:
    """Take the answer into the dialogue, or end it before this exchange."""
    talk.attempts.append(attempt)
    _check(talk, attempt, talk.turns[-1][1], options)
    if attempt.drop is None:
        talk.exchanges.append((talk.pending, attempt))
        talk.pending = None
    else:
        talk.end(f"assistant.{attempt.drop.rule}")


def _check(talk: Talk, attempt: Attempt, follows: str, options: DialogueOptions) -> None:
    if attempt.drop is None:
        text = attempt.text
        formal = form(text, attempt.response.finish_reason, follows, "", options.min_language)
        end = verdict("end_mark", END not in text, "the mark of the end inside a turn")
        attempt.checks = (*formal, end, _new(text, talk.turns, options.max_similarity))
        if talk.kind == "document":  # which the reader of the dialogue will not have
            found = points(text)
            attempt.checks += (verdict("points", found is None, f"speaks of {found!r}" if found else "of no document"),)
        failed = next((check for check in attempt.checks if not check.passed), None)
        attempt.drop = Drop.failed(failed) if failed is not None else None


def _new(text: str, turns: Turns, most: float) -> CheckResult:
    """The turn says something that no earlier turn said; the score is what it shares with none of them, 0..1."""
    nearest = max((rouge_l(content, text).f for _, content in turns), default=0.0)
    return CheckResult("repeats_turn", 1.0 - nearest, 1.0 - most, nearest < most or not turns, f"{nearest:.2f} alike")
