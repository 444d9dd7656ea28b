"""A plan that learns tasks one after the other."""

from pydantic import Field, model_validator

from .plan import MODEL, Plan, Steps, examination, rows


class Continual(Plan):
    """Tasks one after the other, the earlier ones rehearsed by the model itself (SSR, arXiv 2403.01244).

    Before each task but the first, the first model makes up instances of all earlier tasks from demonstrations in their
    rows, the latest model answers them, and both are learned together. Every stage is examined.
    """

    data: tuple[str, ...] = Field(min_length=2, description="a file of rows a task, in the order they are learned in")
    tasks: tuple[str, ...] = Field(min_length=1, description="task files of all tasks")
    taught: tuple[str, ...] = Field(
        (), description="names of the tasks that `data` teach, in its order: for backward and forward transfer"
    )
    per_task: int = Field(200, ge=1, description="instances of each earlier task")
    rehearsal: float = Field(0.3, gt=0, lt=1, description="share of the training tokens that are rehearsed")

    @model_validator(mode="after")
    def _a_task_a_file(self) -> "Continual":
        if self.taught and len(self.taught) != len(self.data):
            raise ValueError(f"taught: found {len(self.taught)} tasks for {len(self.data)} files, expected one each")
        return self

    def steps(self) -> Steps:
        """A rehearsal and a training a task, then the examination of every stage."""
        steps: Steps = {}
        latest = MODEL
        for number, path in enumerate(self.data, start=1):
            mixture = rows(path)
            if number > 1:
                steps[f"rehearsed-{number}"] = {
                    "job": "rehearse", "model": MODEL, "refine_with": latest, "demos": list(self.data[: number - 1]),
                    "held_out": list(self.tasks), "per_task": self.per_task,
                }  # fmt: skip
                mixture = rows(path, weight=1 - self.rehearsal) + rows(
                    f"step:rehearsed-{number}", weight=self.rehearsal
                )
            steps[f"learned-{number}"] = {"job": "train", "model": latest, "data": mixture, "epochs": 3.0,
                                          "batch_size": 32}  # fmt: skip
            latest = f"step:learned-{number}"
        models = {f"after task {number}": f"step:learned-{number}" for number in range(1, len(self.data) + 1)}
        steps["examined"] = examination({"before": MODEL, **models}, self.tasks)
        if self.taught:
            steps["examined"]["stages"] = {name: [task] for name, task in zip(models, self.taught, strict=True)}
        return steps
