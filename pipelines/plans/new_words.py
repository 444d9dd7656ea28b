"""A plan that gives a model words of a language or domain, and trains them in stages."""

from typing import Any

from pydantic import Field

from .plan import MODEL, Plan, Steps, examination, rows

EMBEDDING, HEAD = "model.embed_tokens.weight", "lm_head.weight"


class NewWords(Plan):
    """New tokens for a language or domain, trained in stages from the embeddings inwards (EEVE, arXiv 2402.14714).

    The new rows of the input embeddings learn first, then those of the output layer, then both together, and at last
    the whole model; until then every old weight stays what it was. The paper has seven stages; those between, in which
    old rows of the output layer move without the layers below, are left out.
    """

    documents: tuple[str, ...] = Field(min_length=1, description="texts of the language or domain: files of `text`")
    replay: tuple[str, ...] = Field((), description="texts like those of its pretraining, beside the last stage")
    share: float = Field(0.2, gt=0, lt=1, description="share of the last stage's tokens that are replayed")
    tokens: int = Field(4000, ge=1, description="new tokens, at most")
    tied: bool = Field(False, description="the model's input and output embeddings are one: one stage for both")
    embedding_epochs: float = Field(0.25, gt=0, description="passes over the texts of each stage of the new rows")
    epochs: float = Field(1.0, gt=0, description="passes of the last stage")
    tasks: tuple[str, ...] = Field(min_length=1, description="task files, of the domain and others")
    new_tasks: tuple[str, ...] = Field((), description="names of the tasks of the domain")

    def steps(self) -> Steps:
        """The expansion, a training a stage, examination."""
        words: dict[str, Any] = {"job": "expand", "model": MODEL, "data": list(self.documents),
                                 "expansion": {"tokens": self.tokens}}  # fmt: skip
        steps: Steps = {"words": words}
        latest = "step:words"
        stages = {"new-rows": [EMBEDDING]} if self.tied else {
            "input-rows": [EMBEDDING], "output-rows": [HEAD], "new-rows": [EMBEDDING, HEAD],
        }  # fmt: skip
        for name, moving in stages.items():
            steps[name] = self._reading(latest, rows(*self.documents), self.embedding_epochs) | {
                "trainable": moving,
                "vocabulary": {"input": "new", "output": "new"},
                "learning_rate": 1e-3,
            }
            latest = f"step:{name}"
        data = rows(*self.documents, weight=1 - self.share) + rows(*self.replay, weight=self.share)
        steps["learned"] = self._reading(latest, data if self.replay else rows(*self.documents), self.epochs)
        models = {"before": MODEL, "after the new rows": latest, "after": "step:learned"}
        return {**steps, "examined": examination(models, self.tasks, self.new_tasks)}

    def _reading(self, model: str, data: list[dict[str, Any]], epochs: float) -> dict[str, Any]:
        return {"job": "train", "method": "cpt", "tuning": "full", "model": model, "data": data, "epochs": epochs,
                "learning_rate": 5e-5, "over_long": "split"}  # fmt: skip
