"""A plan that gives a model words of a language or domain, and trains them in stages."""

from typing import Any, Literal

from pydantic import Field

from .plan import MODEL, Plan, Steps, examination, rows

EMBEDDING, HEAD, LAYERS = "model.embed_tokens.weight", "lm_head.weight", "model.layers.*"
NEW_RATE = 1e-3  # of rows that have to find their place; what was learned before moves at `rate`
# Name of a stage, weights that move in it, and those of which only the new rows do.
APART: tuple[tuple[str, list[str], list[str]], ...] = (
    ("input-rows", [EMBEDDING], ["input"]),
    ("output-rows", [HEAD], ["output"]),
    ("new-rows", [EMBEDDING, HEAD], ["input", "output"]),
    ("output-layer", [HEAD], []),
    ("rows-and-output", [EMBEDDING, HEAD], ["input"]),
)
TIED: tuple[tuple[str, list[str], list[str]], ...] = (("new-rows", [EMBEDDING], ["input"]),)


class NewWords(Plan):
    """New tokens for a language or domain, trained in stages from the embeddings inwards (EEVE, arXiv 2402.14714).

    The seven stages of the paper: new rows of the input embeddings, those of the output layer, both; all of the output
    layer, that with the new input rows; the whole model; and its layers alone. Old rows of the input embeddings stay
    what they were until the whole model moves, the layers too.
    """

    documents: tuple[str, ...] = Field(min_length=1, description="texts of the language or domain: files of `text`")
    replay: tuple[str, ...] = Field((), description="texts like those of its pretraining, once old weights move")
    share: float = Field(0.2, gt=0, lt=1, description="share of the tokens of those stages that are replayed")
    tokens: int = Field(4000, ge=1, description="new tokens, at most")
    tied: bool = Field(False, description="the model's input and output embeddings are one: one stage for both")
    tuning: Literal["full", "lora"] = Field("full", description="how the whole model moves; lora leaves embeddings")
    embedding_epochs: float = Field(0.25, gt=0, description="passes over the texts of each stage of the embeddings")
    epochs: float = Field(1.0, gt=0, description="passes of the stage of the whole model")
    settling: float = Field(0.25, gt=0, description="passes of the last stage, in which the layers settle")
    rate: float = Field(5e-5, gt=0, description="learning rate of the stages in which old weights move")
    tasks: tuple[str, ...] = Field(min_length=1, description="task files, of the domain and others")
    new_tasks: tuple[str, ...] = Field((), description="names of the tasks of the domain")

    def steps(self) -> Steps:
        """The expansion, a training a stage, examination."""
        words: dict[str, Any] = {"job": "expand", "model": MODEL, "data": list(self.documents),
                                 "expansion": {"tokens": self.tokens}}  # fmt: skip
        steps: Steps = {"words": words}
        models = {"before": MODEL}
        latest = "step:words"
        for name, moving, new in TIED if self.tied else APART:
            new_alone = len(new) == len(moving)
            steps[name] = self._reading(latest, self.embedding_epochs, not new_alone) | {
                "trainable": list(moving), "vocabulary": {embedding: "new" for embedding in new},
            }  # fmt: skip
            latest = f"step:{name}"
            if new_alone:
                steps[name]["learning_rate"] = NEW_RATE
                models["after the new rows"] = latest
        if not self.tied:
            models["after the output layer"] = latest
        steps["learned"] = self._reading(latest, self.epochs, True) | {"tuning": self.tuning}
        latest = "step:learned"
        if self.tuning == "full":  # adapters move nothing but the layers
            steps["settled"] = self._reading(latest, self.settling, True) | {"trainable": [LAYERS]}
            latest = "step:settled"
        return {**steps, "examined": examination({**models, "after": latest}, self.tasks, self.new_tasks)}

    def _reading(self, model: str, epochs: float, old_moves: bool) -> dict[str, Any]:
        data = rows(*self.documents)
        if old_moves and self.replay:
            data = rows(*self.documents, weight=1 - self.share) + rows(*self.replay, weight=self.share)
        return {"job": "train", "method": "cpt", "tuning": "full", "model": model, "data": data, "epochs": epochs,
                "learning_rate": self.rate, "over_long": "split"}  # fmt: skip
