"""Settings of the jobs, the keys of a recipe: a module a job, validated by pydantic."""

from .base import Settings
from .curate import CurateSettings, DecontaminateSettings, ExactSettings, MinHashSettings, QualitySettings
from .engine import EngineSettings
from .evaluate import EvaluateSettings
from .expand import ExpandSettings
from .merge import MergeSettings
from .rehearse import RehearseSettings
from .structure import SampleSettings, StructureSettings
from .synthesis import DistillSettings
from .synthesize import SynthesizeSettings
from .train import Mixture, TrainSettings
from .unless import Unless

__all__ = [
    "CurateSettings",
    "DecontaminateSettings",
    "DistillSettings",
    "EngineSettings",
    "EvaluateSettings",
    "ExactSettings",
    "ExpandSettings",
    "MergeSettings",
    "MinHashSettings",
    "Mixture",
    "QualitySettings",
    "RehearseSettings",
    "SampleSettings",
    "Settings",
    "StructureSettings",
    "SynthesizeSettings",
    "TrainSettings",
    "Unless",
]
