"""Plans that adapt a model to a domain in three trainings, with merging at the end."""

from typing import ClassVar, Literal

from pydantic import Field

from .plan import MODEL, Plan, Steps, examination, rows


class CptSftDpo(Plan):
    """Continued pretraining, fine-tuning, preferences (DPO), and merging with another model (arXiv 2409.03444).

    The paper found that a domain model merged by SLERP with the instruction model of its family can do more than each.
    """

    method: ClassVar[Literal["dpo", "orpo"]] = "dpo"

    documents: tuple[str, ...] = Field(min_length=1, description="documents of the domain: files or folders of `text`")
    data: tuple[str, ...] = Field(min_length=1, description="rows of prompt and completion")
    preferences: tuple[str, ...] = Field(min_length=1, description="rows of prompt, chosen and rejected")
    tasks: tuple[str, ...] = Field(min_length=1, description="task files, of the domain and others")
    new_tasks: tuple[str, ...] = Field((), description="names of the tasks of the domain")
    merge: bool = Field(False, description="merge the result with `partner` at the end")
    partner: str = Field(MODEL, description="model that the result is merged with; the first model unless given")

    def steps(self) -> Steps:
        """Three trainings, each from the one before; a merge where it is asked for; examination."""
        steps: Steps = {
            "read": {"job": "train", "method": "cpt", "model": MODEL, "data": rows(*self.documents),
                     "over_long": "split"},
            "tuned": {"job": "train", "method": "sft", "model": "step:read", "data": rows(*self.data)},
            "preferred": {"job": "train", "method": self.method, "model": "step:tuned",
                          "data": rows(*self.preferences), "learning_rate": 2e-5},
        }  # fmt: skip
        models = {"before": MODEL, "after cpt": "step:read", "after sft": "step:tuned",
                  f"after {self.method}": "step:preferred"}  # fmt: skip
        if self.merge:
            if self.partner != MODEL:
                models["partner"] = self.partner
            steps["merged"] = {"job": "merge", "models": [self.partner, "step:preferred"], "method": "slerp"}
            models["merged"] = "step:merged"
        return {**steps, "examined": examination(models, self.tasks, self.new_tasks)}


class CptSftOrpo(CptSftDpo):
    """Continued pretraining, fine-tuning, preferences (ORPO), and merging with another model (arXiv 2409.03444).

    As `cpt-sft-dpo`, with preferences learned by their odds ratio, without a reference model.
    """

    method: ClassVar[Literal["dpo", "orpo"]] = "orpo"
