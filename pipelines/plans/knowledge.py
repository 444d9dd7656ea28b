"""A plan that parts what is new to the model from what it only has to say in its own words."""

from pydantic import Field

from .plan import MODEL, Plan, Steps, examination, rows

NEW = "new_knowledge"
KNOWN = ("verified_self", "verified_rewrite", "gold_fallback")


class NewKnowledge(Plan):
    """Rows whose answers the model does not know go to PIT stages, the others are self-distilled (arXiv 2402.13669).

    The knowledge gate of distill asks every question closed-book. Rows that are new to the model are learned as
    questions, then the documents that hold what is new are read (PIT, arXiv 2402.12847), then the rest is learned in
    the model's own words. Without new rows the two stages are left out.
    """

    data: tuple[str, ...] = Field(min_length=1, description="rows of prompt and completion")
    documents: tuple[str, ...] = Field(min_length=1, description="documents that hold what is new: files of `text`")
    tasks: tuple[str, ...] = Field(min_length=1, description="task files, of what is learned and of old tasks")
    new_tasks: tuple[str, ...] = Field((), description="names of the tasks that `data` is to teach")
    samples: int = Field(4, ge=1, description="closed-book answers a row that the gate asks for")

    def steps(self) -> Steps:
        """Distillation with its gate, the new rows, the documents, the other rows, examination."""
        return {
            "distilled": {"job": "distill", "model": MODEL, "data": list(self.data), "held_out": list(self.tasks),
                          "knowledge": {"samples": self.samples}},
            "questioned": {"job": "train", "method": "sft", "model": MODEL,
                           "data": [{"path": "step:distilled", "tier": [NEW]}]},
            "read": {"job": "train", "method": "cpt", "model": "step:questioned", "data": rows(*self.documents),
                     "over_long": "split"},
            "tuned": {"job": "train", "method": "sft", "model": "step:read",
                      "data": [{"path": "step:distilled", "tier": list(KNOWN)}]},
            "examined": examination({"before": MODEL, "after new knowledge": "step:read", "after all": "step:tuned"},
                                    self.tasks, self.new_tasks),
        }  # fmt: skip

    def unless(self) -> Steps:
        """What the rows do not need is left out."""
        return {
            "questioned": {"step": "distilled", "without_tier": [NEW], "use": MODEL},
            "read": {"step": "distilled", "without_tier": [NEW], "use": "step:questioned"},
            "tuned": {"step": "distilled", "without_tier": list(KNOWN), "use": "step:read"},
        }
