"""A plan that trains, measures what was forgotten, and brings that back until little is missing."""

from pydantic import Field

from .plan import MODEL, Plan, Steps, examination, rows


class Adaptive(Plan):
    """Train, measure, regenerate what was forgotten, train; until little is, or for `rounds` rounds.

    The first round trains on the data alone. Each later one spends its rehearsal on what the examination before it
    shows was lost most, by task and within a task by cluster of what its items ask, and is left out when the
    forgetting is under `margin`: then the round before stands for it.
    """

    data: tuple[str, ...] = Field(min_length=1, description="rows of what is to be learned")
    demos: tuple[str, ...] = Field(min_length=1, description="demonstrations of the old tasks, a few rows each")
    tasks: tuple[str, ...] = Field(min_length=1, description="task files, of the old tasks and the new")
    new_tasks: tuple[str, ...] = Field(min_length=1, description="names of the tasks that `data` is to teach")
    rounds: int = Field(3, ge=2, description="trainings at most")
    margin: float = Field(0.02, gt=0, description="mean loss over the old tasks that is little enough, a share of 1")
    clusters: int = Field(4, ge=0, description="clusters of each task's items by which loss is told; 0: none")
    per_task: int = Field(200, ge=1, description="instances of each old task on average, spent by what was lost")
    rehearsal: float = Field(0.5, gt=0, lt=1, description="share of the training tokens that are rehearsed")

    def steps(self) -> Steps:
        """A rehearsal, a training and an examination a round; the first needs no rehearsal."""
        steps: Steps = {}
        for number in range(1, self.rounds + 1):
            latest, mixture = MODEL, rows(*self.data)
            if number > 1:
                latest = f"step:tuned-{number - 1}"
                steps[f"rehearsed-{number}"] = {
                    "job": "rehearse", "model": MODEL, "demos": list(self.demos), "held_out": list(self.tasks),
                    "per_task": self.per_task, "adaptive": {"file": f"step:examined-{number - 1}"},
                }  # fmt: skip
                mixture = rows(*self.data, weight=1 - self.rehearsal) + rows(
                    f"step:rehearsed-{number}", weight=self.rehearsal
                )
            steps[f"tuned-{number}"] = {"job": "train", "model": latest, "data": mixture}
            models = {"before": MODEL, f"after round {number}": f"step:tuned-{number}"}
            steps[f"examined-{number}"] = examination(models, self.tasks, self.new_tasks) | {"clusters": self.clusters}
        return steps

    def unless(self) -> Steps:
        """A round is left out when the examination before it shows little forgetting."""
        return {
            f"{step}-{number}": {
                "step": f"examined-{number - 1}",
                "forgotten_under": self.margin,
                "use": None if step == "rehearsed" else f"step:{step}-{number - 1}",
            }
            for number in range(2, self.rounds + 1)
            for step in ("rehearsed", "tuned", "examined")
        }
