"""A plan that trains a model on the best of its own answers."""

from pydantic import Field

from .plan import MODEL, Plan, Steps, examination, rows


class BestOf(Plan):
    """Rejection-sampling fine-tuning: several answers, the best that is verified, training on those (arXiv 2307.09288).

    Every round answers with the model of the round before it.
    """

    data: tuple[str, ...] = Field(min_length=1, description="rows of prompt and completion, with checkable answers")
    tasks: tuple[str, ...] = Field(min_length=1, description="task files")
    new_tasks: tuple[str, ...] = Field((), description="names of the tasks that `data` is to teach")
    reward_model: str | None = Field(None, description="model with one output that chooses among the verified answers")
    samples: int = Field(8, ge=2, description="answers a prompt")
    rounds: int = Field(1, ge=1, description="times that is done")

    def steps(self) -> Steps:
        """Answers and a training a round, then the examination of every round."""
        steps: Steps = {}
        models, latest = {"before": MODEL}, MODEL
        for number in range(1, self.rounds + 1):
            steps[f"answered-{number}"] = {
                "job": "synthesize", "method": "best_of", "model": latest, "data": list(self.data),
                "held_out": list(self.tasks), "reward_model": self.reward_model, "best_of": {"samples": self.samples},
            }  # fmt: skip
            steps[f"tuned-{number}"] = {"job": "train", "model": latest, "data": rows(f"step:answered-{number}")}
            latest = f"step:tuned-{number}"
            models[f"after round {number}"] = latest
        return {**steps, "examined": examination(models, self.tasks, self.new_tasks)}
