"""Dialogue transcripts: lines that begin with a speaker.

`Kim: ...`, `[10:31] Kim: ...`, `**Kim**: ...`, and what messengers export: `[홍길동] [오후 3:15] ...`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, get_args

import polars as pl
import re2

from ..errors import InputError
from ..stage import Cut
from . import parts
from .parts import Parsed, Part, Turn

FORM = "dialogue"
Role = Literal["user", "assistant", "system"]

_TIME = r"(?:(?:오전|오후)\s?)?\d{1,2}:\d{2}(?::\d{2})?(?:\s?[APap]\.?[Mm]\.?)?"
_NAME = r"[\pL][\pL\pM\pN ._'\-()]{0,39}"
# A time may stand before the name; what messengers export has name and time in brackets and no colon.
_SAYS = re2.compile(
    rf"^\s*(?:[\[(]?{_TIME}[\])]?,?\s+)?[*_]{{0,2}}({_NAME}?)[*_]{{0,2}}\s?(?:：\s*|:[*_]{{0,2}}(?:\s+|$))(.*)$"
)
_EXPORTED = re2.compile(rf"^\s*\[([^\[\]]{{1,40}})\]\s*\[{_TIME}\]\s?(.*)$")
_LEAST = 3  # turns; fewer lines with a colon are no dialogue


@dataclass(frozen=True)
class DialogueOptions:
    """How transcripts are read.

    Attributes:
        speakers: role of each speaker by name, `user`, `assistant` or `system`; without any, of two speakers the one
            who begins is the user and the other the assistant. With some, only these begin a turn.
        keep_unparsed: whether a document that is no dialogue stays as it is; else it is dropped with a ledger row.
        task: name of the task written on samples.
    """

    speakers: dict[str, Role] = field(default_factory=dict)
    keep_unparsed: bool = False
    task: str = "dialogue"

    def __post_init__(self) -> None:
        for name, role in self.speakers.items():
            if role not in get_args(Role):
                raise InputError(f"speakers: role of {name!r} is {role!r}, expected one of {', '.join(get_args(Role))}")


@dataclass(frozen=True)
class _Said:
    speaker: str
    text: str


def documents(frame: pl.DataFrame, options: DialogueOptions) -> Cut:
    """Make one document of each dialogue: `speaker: text` in a paragraph a turn, turns of one speaker joined.

    `meta.structure` has the number of `turns` and the `speakers` in the order in which they appear.
    """
    return parts.documents(frame, FORM, lambda text, _: _part(text, options), options.keep_unparsed)


def samples(frame: pl.DataFrame, options: DialogueOptions) -> parts.Sampled:
    """Make a sample of each dialogue: its last turn of the assistant is the completion, all before it the prompt."""
    return parts.samples(frame, FORM, lambda text, _: _conversation(text, options), options.task)


def _part(text: str, options: DialogueOptions) -> Parsed[Part]:
    parsed = _turns(text, options)
    if not parsed.found:
        return Parsed([], parsed.left_out)
    speakers = list(dict.fromkeys(said.speaker for said in parsed.found))
    written = "\n\n".join(f"{said.speaker}: {said.text}" for said in parsed.found)
    return Parsed([Part(written, (), {"turns": len(parsed.found), "speakers": speakers})], parsed.left_out)


def _conversation(text: str, options: DialogueOptions) -> Parsed[list[Turn]]:
    parsed = _turns(text, options)
    if not parsed.found:
        return Parsed([], parsed.left_out)
    roles: dict[str, Role] = dict(options.speakers)
    if not roles:
        speakers = list(dict.fromkeys(said.speaker for said in parsed.found))
        if len(speakers) != 2:
            return Parsed([], [f"{len(speakers)} speakers, expected two, or their roles in `speakers`"])
        roles = {speakers[0]: "user", speakers[1]: "assistant"}
    turns: list[Turn] = []
    for said in parsed.found:
        role = roles[said.speaker]
        if turns and turns[-1]["role"] == role:  # two speakers of one role
            turns[-1] = {"role": role, "content": f"{turns[-1]['content']}\n{said.text}"}
        else:
            turns.append({"role": role, "content": said.text})
    left_out = list(parsed.left_out)
    while turns and turns[-1]["role"] != "assistant":
        left_out.append("turns after the assistant's last")
        turns.pop()
    if len(turns) < 2:
        return Parsed([], ["no turn of the assistant after another"])
    return Parsed([turns], left_out)


def _turns(text: str, options: DialogueOptions) -> Parsed[_Said]:
    """The turns of a dialogue; none where the text is no dialogue."""
    found: list[tuple[str, list[str]]] = []
    left_out: list[str] = []
    for number, line, said in _lines(text, options):
        if said is not None and found and found[-1][0] == said.speaker:
            found[-1][1].append(said.text)
        elif said is not None:
            found.append((said.speaker, [said.text]))
        elif found:
            found[-1][1].append(line)
        elif line.strip():
            left_out.append(f"line {number}: text before the first speaker")
    turns = [_Said(speaker, "\n".join(lines).strip()) for speaker, lines in found]
    empty = sum(not said.text for said in turns)
    if empty:
        left_out.append(f"{empty} turns without words")
    turns = [said for said in turns if said.text]
    speakers = {said.speaker for said in turns}
    if len(turns) < _LEAST and not options.speakers or len(speakers) < 2:
        return Parsed([], [f"{len(turns)} turns of {len(speakers)} speakers, expected a dialogue"])
    if not options.speakers and len(turns) < 2 * len(speakers) - 1:
        return Parsed([], [f"{len(speakers)} names before a colon that hardly recur, expected a dialogue"])
    return Parsed(turns, left_out)


def _lines(text: str, options: DialogueOptions) -> Iterator[tuple[int, str, _Said | None]]:
    """Lines with their numbers, and the turn that begins on each, if one does."""
    for number, line in enumerate(text.splitlines(), 1):
        match = _EXPORTED.search(line) or _SAYS.search(line)
        speaker = match.group(1).strip() if match else ""
        known = speaker in options.speakers if options.speakers else bool(speaker)
        yield number, line, _Said(speaker, match.group(2).strip()) if match and known else None
