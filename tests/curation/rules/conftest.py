"""The plain Python reference of the heuristics, and texts to try them on."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="session")
def plain() -> ModuleType:
    """The module `plain.py` of this folder, which is no package."""
    spec = importlib.util.spec_from_file_location("plain_heuristics", Path(__file__).with_name("plain.py"))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
