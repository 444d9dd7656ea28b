"""Plans that go on pretraining on what a domain, or a task, reads like (Gururangan et al. 2020, arXiv 2004.10964)."""

from typing import Any

from pydantic import Field

from .plan import MODEL, Plan, Steps, examination, rows


class Dapt(Plan):
    """Pretraining goes on with documents of a domain (DAPT), then where asked of the task (TAPT; arXiv 2004.10964).

    The paper reads the domain once with all weights, then the texts of the task many times, and found both together
    best. It masks other words every time; a model that reads from left to right sees the same text again, of which
    more than four passes bring little (arXiv 2305.16264). Replay of other text keeps what the model knew.
    """

    documents: tuple[str, ...] = Field(min_length=1, description="documents of the domain: files or folders of `text`")
    task_texts: tuple[str, ...] = Field((), description="texts of the task's inputs: read after the domain")
    task_epochs: float = Field(4.0, gt=0, description="passes over the texts of the task")
    replay: tuple[str, ...] = Field((), description="texts like those of its pretraining: read beside both")
    share: float = Field(0.2, gt=0, lt=1, description="share of the tokens that are replayed, where there is replay")
    tasks: tuple[str, ...] = Field(min_length=1, description="task files, of the domain and others")
    new_tasks: tuple[str, ...] = Field((), description="names of the tasks of the domain")

    def steps(self) -> Steps:
        """The domain, the task, examination."""
        steps = {"domain": self._reading(MODEL, self.documents, 1.0)}
        models = {"before": MODEL, "after the domain": "step:domain"}
        if self.task_texts:
            steps["task"] = self._reading("step:domain", self.task_texts, self.task_epochs)
            models["after the task"] = "step:task"
        return {**steps, "examined": examination(models, self.tasks, self.new_tasks)}

    def _reading(self, model: str, texts: tuple[str, ...], epochs: float) -> dict[str, Any]:
        replayed = rows(*self.replay, weight=self.share) if self.replay else []
        data = rows(*texts, weight=1 - self.share if self.replay else 1.0) + replayed
        return {"job": "train", "method": "cpt", "tuning": "full", "model": model, "data": data, "epochs": epochs,
                "learning_rate": 5e-5, "over_long": "split"}  # fmt: skip


class Tapt(Dapt):
    """Pretraining goes on with the texts of a task (TAPT, arXiv 2004.10964), a few passes over few documents."""

    task_texts: tuple[str, ...] = Field(min_length=1, description="files of `text`, the task's inputs")
    documents: tuple[str, ...] = Field((), description="documents of the domain: read before, which is `dapt`")

    def steps(self) -> Steps:
        """The task, examination."""
        if self.documents:
            return super().steps()
        models = {"before": MODEL, "after the task": "step:task"}
        return {
            "task": self._reading(MODEL, self.task_texts, self.task_epochs),
            "examined": examination(models, self.tasks, self.new_tasks),
        }
