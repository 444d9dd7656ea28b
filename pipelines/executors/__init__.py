"""Where the tasks of a job run: in this process, in several on this machine, or on a Ray cluster; to equal bytes."""

from .executor import Call, Executor, InProcess, Report, report_progress
from .local import LocalExecutor
from .ray import RayExecutor

__all__ = ["Call", "Executor", "InProcess", "LocalExecutor", "RayExecutor", "Report", "report_progress"]
