"""What a plan is: a recipe that is written for what it is given."""

from abc import ABC, abstractmethod
from typing import Any

from ..settings import Settings

MODEL = "$model"
Steps = dict[str, dict[str, Any]]


class Plan(Settings, ABC):
    """What a plan is given; files and folders are relative to where the command is typed."""

    @abstractmethod
    def steps(self) -> Steps:
        """The steps of the recipe in order."""

    def unless(self) -> Steps:
        """When steps are not needed."""
        return {}


def examination(models: dict[str, str], tasks: tuple[str, ...], new_tasks: tuple[str, ...] = ()) -> dict[str, Any]:
    """An evaluate step of several models; the first is what the others are compared with."""
    return {"job": "evaluate", "models": models, "tasks": list(tasks), "new_tasks": list(new_tasks)}


def rows(*paths: str, weight: float = 1.0) -> list[dict[str, Any]]:
    """Sources of training rows that share a weight."""
    return [{"path": path, "weight": weight / len(paths)} for path in paths]
