"""Questions with their answers: marked pairs (`Q: ... A: ...`, 질문: ... 답변: ...) and headings that ask.

Marks begin a line: Q, Question, FAQ, 질문, 문의, 물음 or 문; A, Ans, Answer, 답변, 대답 or 답; with a number or not,
and always with a colon, a full stop or a closing bracket behind. Where there are none, a Markdown heading that ends in
a question mark, or as Korean questions do, asks what its section answers.
"""

from dataclasses import dataclass

import polars as pl
import re2

from ..stage import Cut
from . import parts, sections
from .parts import Parsed, Part, Turn

FORM = "faq"

# Marks may be bold or in a list, and numbered: `**Q1.**`, `- 질문 2)`, `[답변]`.
_LEAD = r"^[\s>*\-#]*[\[(【<]?"
_TAIL = r"[\s#.]*\d{0,4}\s*(?:[\])】>]\s*[:：.]?|[:：.)])[\s*]*"
_QUESTION = re2.compile(_LEAD + r"(?i:Q|Question|FAQ|질문|문의|물음|문)" + _TAIL)
_ANSWER = re2.compile(_LEAD + r"(?i:A|Ans|Answer|답변|대답|답)" + _TAIL)
_ASKS = re2.compile(r"(?:[?？]|(?:니까|나요|까요|는가요?|은가요?|인가요?|할까|될까)[.?？]?)\s*$")


@dataclass(frozen=True)
class FaqOptions:
    """Where questions and answers are looked for.

    Attributes:
        headings: whether headings that ask are questions, where a document has no marked pairs.
        keep_unparsed: whether a document without pairs stays as it is; else it is dropped with a ledger row.
        task: name of the task written on samples.
    """

    headings: bool = True
    keep_unparsed: bool = False
    task: str = "faq"


@dataclass(frozen=True)
class _Pair:
    question: str
    answer: str
    line: int


def documents(frame: pl.DataFrame, options: FaqOptions) -> Cut:
    """Cut documents into pairs: a text is the question, an empty line and the answer; the question is the heading.

    `meta.structure` has the pair's `line` in the document, from 1. Questions without answers are counted in the ledger.
    """
    return parts.documents(frame, FORM, lambda text, _: _parts(text, options), options.keep_unparsed)


def samples(frame: pl.DataFrame, options: FaqOptions) -> parts.Sampled:
    """Make a sample of each pair: the user asks, the assistant answers."""
    return parts.samples(frame, FORM, lambda text, _: _conversations(text, options), options.task)


def _parts(text: str, options: FaqOptions) -> Parsed[Part]:
    parsed = _pairs(text, options)
    found = [Part(f"{pair.question}\n\n{pair.answer}", (pair.question,), {"line": pair.line}) for pair in parsed.found]
    return Parsed(found, parsed.left_out)


def _conversations(text: str, options: FaqOptions) -> Parsed[list[Turn]]:
    parsed = _pairs(text, options)
    found: list[list[Turn]] = [
        [{"role": "user", "content": pair.question}, {"role": "assistant", "content": pair.answer}]
        for pair in parsed.found
    ]
    return Parsed(found, parsed.left_out)


def _pairs(text: str, options: FaqOptions) -> Parsed[_Pair]:
    marked = _marked(text)
    if marked.found or not options.headings:
        return marked
    asked = _asked(text)
    return asked if asked.found or asked.left_out else marked


def _marked(text: str) -> Parsed[_Pair]:
    """Pairs by their marks: a question goes on to its answer's mark, an answer to the next question's or a heading."""
    found: list[_Pair] = []
    left_out: list[str] = []
    question: list[str] = []
    answer: list[str] | None = None
    line = 0

    def finish() -> None:
        asked, answered = "\n".join(question).strip(), "\n".join(answer or []).strip()
        if asked and answered:
            found.append(_Pair(asked, answered, line))
        elif line:
            left_out.append(f"line {line}: a question without an answer" if asked else f"line {line}: no question")

    for number, content in enumerate(text.splitlines(), 1):
        asks, answers = _QUESTION.search(content), _ANSWER.search(content)
        if asks:
            finish()
            question, answer, line = [content[asks.end() :].strip(" *")], None, number
        elif answers and line and answer is None:
            answer = [content[answers.end() :].strip(" *")]
        elif answers and not line:
            left_out.append(f"line {number}: an answer without a question")
        elif line and answer is not None and content.lstrip().startswith("#"):
            finish()
            question, answer, line = [], None, 0
        elif line:
            (question if answer is None else answer).append(content)
    finish()
    return Parsed(found, left_out if found or left_out else ["no question with a mark such as Q: or 질문:"])


def _asked(text: str) -> Parsed[_Pair]:
    """Pairs by headings that ask: the answer is what stands under one, up to the next heading."""
    found: list[_Pair] = []
    left_out: list[str] = []
    headings = sections.headings(text)
    for number, heading in enumerate(headings):
        if not _ASKS.search(heading.title):
            continue
        end = headings[number + 1].begin if number + 1 < len(headings) else len(text)
        body = text[heading.begin : end].split("\n", 1)
        answer = body[1] if len(body) > 1 else ""
        first, _, rest = answer.partition("\n")
        if first.strip() and not first.strip().strip("=-"):  # the underline of the heading
            answer = rest
        line = text.count("\n", 0, heading.begin) + 1
        if answer.strip():
            found.append(_Pair(heading.title, answer.strip(), line))
        else:
            left_out.append(f"line {line}: a question without an answer")
    return Parsed(found, left_out)
