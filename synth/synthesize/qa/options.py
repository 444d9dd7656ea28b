"""Settings of grounded questions."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ... import bounds
from .. import own
from ..own import Values

FORMS = {
    "ask": Values(("document",)),
    "answer": Values(("document", "question")),
    "closed": Values(("question",)),
}


@dataclass(frozen=True)
class QaOptions:
    """How many questions are asked about a document, and which of them are good enough.

    Attributes:
        questions: questions asked for of each passage, each a request of its own.
        passage_tokens: longest passage; a longer document is cut where the text lets go most easily.
        temperature, top_p: of the questions; answers are greedy.
        max_tokens: longest question with its answer.
        answer_tokens: longest answer when a question is asked again.
        guided: hold the engine to the form of the answer; without it the form is only asked for, and what does not
            have it is dropped.
        longest_answer: characters of an answer, at most.
        verbatim: the answer must stand in its passage; without it an answer that follows from it will do.
        min_relevance: share of what a question is about, by words that are rare in the run, that must stand in its
            passage, 0..1; 0 keeps questions about other passages too (`relevance.relevances`).
        drop_known: drop questions that the model answers right without the document. Whether it does is stored
            either way (check `closed_book`).
        min_language: what the shares of scripts of a question and its passage have in common, at least.
        language: of the prompts: `auto` (by the document), `en` or `ko`.
        templates: prompt forms of one's own (Jinja) by name, for all languages: `ask` (with `document`), `answer`
            (`document`, `question`) and `closed` (`question`).
    """

    questions: int = 3
    passage_tokens: int = 512
    temperature: float = 0.7
    top_p: float = 0.9
    max_tokens: int = 160
    answer_tokens: int = 48
    guided: bool = True
    longest_answer: int = 120
    verbatim: bool = False
    min_relevance: float = 0.25
    drop_known: bool = False
    min_language: float = 0.5
    language: str = "auto"
    templates: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        own.check("qa option templates", self.templates, FORMS)
        counts = bounds.count(self, 1, "questions", "passage_tokens", "answer_tokens", "longest_answer")
        rest = {**bounds.share(self, "min_relevance", "min_language"), **bounds.language(self)}
        bounds.expect("qa", self, {**counts, **bounds.sampling(self), **rest})
