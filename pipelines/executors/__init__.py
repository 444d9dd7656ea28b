"""Where the tasks of a job run: in this process, in several on this machine, or on a Ray cluster; to equal bytes."""

from .executor import Call, Executor, InProcess, Report, report_progress
from .local import LocalExecutor

__all__ = ["Call", "Executor", "InProcess", "LocalExecutor", "Report", "report_progress"]
