"""Plans that teach how knowledge is asked for before they teach it (pre-instruction tuning)."""

from typing import Any

from pydantic import Field

from .plan import MODEL, Plan, Steps, examination, rows


class Pit(Plan):
    """Questions with their documents first, then new documents (PIT, arXiv 2402.12847).

    The model learns from `documents` and questions about them how what a document says is asked for; then it reads
    `new_documents`, about which it is never trained on a question, only examined.
    """

    documents: str = Field(description="documents to learn asking from: a file or folder of `text`")
    new_documents: str = Field(description="documents whose knowledge is wanted: a file or folder of `text`")
    tasks: tuple[str, ...] = Field(
        min_length=1, description="task files: questions about the new documents, and old tasks"
    )
    new_tasks: tuple[str, ...] = Field((), description="names of the tasks about the new documents")
    questions: str | None = Field(
        None, description="questions about `documents`, rows of prompt and completion; the model asks them unless given"
    )
    key: str | None = Field(None, description="key that joins a question with its document, where questions are given")

    def steps(self) -> Steps:
        """Questions (made up here, or given), questions with documents, new documents, examination."""
        made = {} if self.questions is not None else {"asked": self._asked()}
        read, learned = self._read(MODEL), self._learned("step:read")
        models = {"before": MODEL, "after reading": "step:read", "after learning": "step:learned"}
        return {**made, "read": read, "learned": learned,
                "examined": examination(models, self.tasks, self.new_tasks)}  # fmt: skip

    @property
    def _questions(self) -> str:
        return self.questions or "step:asked"

    def _asked(self) -> dict[str, Any]:
        return {"job": "synthesize", "method": "qa", "model": MODEL, "data": [self.documents], "task": "questions",
                "held_out": list(self.tasks)}  # fmt: skip

    def _read(self, model: str) -> dict[str, Any]:
        source = {"path": self._questions, "documents": self.documents, "key": self.key}
        return {"job": "train", "method": "sft", "model": model, "data": [source]}

    def _learned(self, model: str) -> dict[str, Any]:
        return {"job": "train", "method": "cpt", "model": model, "data": rows(self.new_documents), "over_long": "split"}


class PitPlusPlus(Pit):
    """Questions alone, questions with their documents, then new documents (PIT++, arXiv 2402.12847).

    As `pit`, with a stage before it in which questions are learned without what they are about.
    """

    def steps(self) -> Steps:
        """The steps of PIT with the questions alone before them."""
        steps = super().steps()
        alone = {"job": "train", "method": "sft", "model": MODEL, "data": rows(self._questions)}
        made = {"asked": steps["asked"]} if "asked" in steps else {}
        rest = {name: step for name, step in steps.items() if name != "asked"}
        return {**made, "questioned": alone, **rest, "read": self._read("step:questioned")}
