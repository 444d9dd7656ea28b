"""The rules of the house, held by reading its source: who imports whom, what has a test, what is declared."""

import ast
import importlib.metadata
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
MAY_IMPORT = {
    "curation": set(),
    "synth": {"curation"},
    "train": {"curation"},
    "pipelines": {"curation", "synth", "train"},
}
MODEL_LIBRARIES = {"torch", "torchvision", "transformers", "trl", "peft", "accelerate", "vllm"}
PYTHON_REGEX = {"re", "regex"}
NO_NAME_FOR_A_MODULE = {"utils", "util", "helpers", "helper", "misc", "common"}
MOST_LINES = 350


@dataclass(frozen=True)
class Import:
    """One import: of `name` (absolute, dotted) by `module` (path relative to the root), on `line`."""

    module: str
    line: int
    name: str
    relative: bool

    @property
    def top(self) -> str:
        return self.name.split(".")[0]

    def __str__(self) -> str:
        return f"{self.module}:{self.line} imports {self.name}"


def modules(root: Path) -> list[Path]:
    return sorted(path for package in MAY_IMPORT for path in (root / package).rglob("*.py"))


def imports(root: Path) -> Iterator[Import]:
    """Every import of the four packages, also those inside functions and under TYPE_CHECKING."""
    for path in modules(root):
        module = path.relative_to(root)
        package = module.parent.parts
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    yield Import(str(module), node.lineno, alias.name, False)
            elif isinstance(node, ast.ImportFrom):
                above = package[: len(package) - node.level + 1] if node.level else ()
                stem = ".".join([*above, *([node.module] if node.module else [])])
                if stem:
                    yield Import(str(module), node.lineno, stem, node.level > 0)
                else:  # `from .. import x` out of the top package
                    yield from (Import(str(module), node.lineno, alias.name, True) for alias in node.names)


def wrong_way(root: Path) -> list[str]:
    """Imports between the four packages against the one direction."""
    return [
        str(found)
        for found in imports(root)
        if found.top in MAY_IMPORT
        and found.top != (own := found.module.split("/")[0])
        and found.top not in MAY_IMPORT[own]
    ]


def absolute_at_home(root: Path) -> list[str]:
    """Imports of the own package by its absolute name."""
    return [str(found) for found in imports(root) if not found.relative and found.top == found.module.split("/")[0]]


def models_in_curation(root: Path) -> list[str]:
    """Imports of libraries that load models where none may be loaded."""
    return [str(f) for f in imports(root) if f.module.startswith("curation/") and f.top in MODEL_LIBRARIES]


def vllm_outside_engines(root: Path) -> list[str]:
    """vLLM is optional: only the engine that wraps it may import it."""
    return [str(f) for f in imports(root) if f.top == "vllm" and not f.module.startswith("synth/engines/")]


def backtracking_patterns(root: Path) -> list[str]:
    """Patterns of rules and personal data run in linear time: not in Python's `re`."""
    guarded = ("curation/rules/", "curation/rules.py", "curation/pii")
    return [str(f) for f in imports(root) if f.module.startswith(guarded) and f.top in PYTHON_REGEX]


def has_code(path: Path) -> bool:
    """Whether a module holds more than a docstring, imports and `__all__`."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        is_docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        is_all = isinstance(node, ast.Assign) and any(
            isinstance(t, ast.Name) and t.id == "__all__" for t in node.targets
        )
        if not (is_docstring or is_all or isinstance(node, ast.Import | ast.ImportFrom)):
            return True
    return False


def untested(root: Path) -> list[str]:
    """Modules without tests/<package>/test_<module>.py, or test_<folder>_<module>.py for one in a folder.

    Jobs, which join everything, may have theirs in tests/end_to_end. A package's `__init__.py` that holds code is
    tested under the name of its folder.
    """
    lacking = []
    for path in modules(root):
        module = path.relative_to(root)
        if path.name == "__main__.py" or (path.name == "__init__.py" and not has_code(path)):
            continue
        *folders, name = module.with_suffix("").parts if path.name != "__init__.py" else module.parent.parts
        package = folders[0] if folders else name
        names = {f"test_{name}.py"} | {f"test_{'_'.join([*folders[at:], name])}.py" for at in range(1, len(folders))}
        places = [package, *(["end_to_end"] if package == "pipelines" else [])]
        present = {test.name for place in places for test in (root / "tests" / place).rglob("test_*.py")}
        if not names & present:
            lacking.append(f"{module} has no tests/{package}/{min(names, key=len)}")
    return lacking


def badly_named(root: Path) -> list[str]:
    """Modules and folders whose name says nothing."""
    return [
        str(path.relative_to(root))
        for path in modules(root)
        if NO_NAME_FOR_A_MODULE & {*path.relative_to(root).parent.parts, path.stem}
    ]


def too_long(root: Path) -> list[str]:
    """Modules over MOST_LINES lines."""
    counted = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in modules(root)}
    return [f"{path.relative_to(root)}: {lines} lines" for path, lines in counted.items() if lines > MOST_LINES]


def packages_in_tests(root: Path) -> list[str]:
    """`__init__.py` under tests: tests/train would then be importable in place of `train`."""
    return [str(path.relative_to(root)) for path in (root / "tests").rglob("__init__.py")]


def undeclared(root: Path) -> list[str]:
    """Imports of distributions that pyproject.toml names neither as a dependency nor in an extra other than `dev`."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project.get("optional-dependencies", {})
    lines = [*project["dependencies"], *(line for name, extra in extras.items() if name != "dev" for line in extra)]
    declared = {canonicalize_name(Requirement(line).name) for line in lines}
    provides = importlib.metadata.packages_distributions()
    found = []
    for each in imports(root):
        if each.top in sys.stdlib_module_names or each.top in MAY_IMPORT:
            continue
        names = {canonicalize_name(name) for name in (each.top, *provides.get(each.top, []))}
        if not names & declared:
            found.append(f"{each}, which pyproject.toml does not declare")
    return found


RULES = (
    wrong_way,
    absolute_at_home,
    models_in_curation,
    vllm_outside_engines,
    backtracking_patterns,
    untested,
    badly_named,
    too_long,
    packages_in_tests,
    undeclared,
)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_house_keeps_its_rules(rule):
    assert modules(ROOT), "nothing was read"
    assert rule(ROOT) == []


CLEAN = {
    "curation/__init__.py": '"""Text."""\n\nfrom .tables import check\n\n__all__ = ["check"]\n',
    "curation/tables.py": "import json\n\nimport polars as pl\n\ndef check(): ...\n",
    "curation/dedup/__init__.py": "def exact(): ...\n",
    "curation/dedup/lsh.py": "from ..tables import check\nfrom . import exact\n\nbands = 20\n",
    "curation/readers.py": "import re\n\nname = 1\n",
    "synth/__init__.py": "",
    "synth/engines/vllm.py": "from curation import tables\n\ndef start():\n    import vllm\n",
    "train/sft.py": "import torch\nfrom curation.tables import check\n\nx = 1\n",
    "pipelines/cli.py": "import synth.engines\nfrom train import sft\nfrom curation.tables import check\n\nx = 1\n",
    "pipelines/__main__.py": "from .cli import x\n\nprint(x)\n",
    "tests/curation/test_tables.py": "",
    "tests/curation/test_dedup.py": "",
    "tests/curation/test_dedup_lsh.py": "",
    "tests/curation/test_readers.py": "",
    "tests/synth/engines/test_vllm.py": "",
    "tests/train/test_sft.py": "",
    "tests/pipelines/test_cli.py": "",
    "pyproject.toml": (
        '[project]\ndependencies = ["polars>=2", "torch"]\noptional-dependencies = {vllm = ["vllm"], dev = ["ruff"]}\n'
    ),
}
PLANTED = {
    wrong_way: {
        "train/sft.py": "def f():\n    from synth import engines\n",
        "synth/engines/vllm.py": "import train.sft\n",
        "curation/tables.py": "from pipelines import cli\n",
    },
    absolute_at_home: {"curation/tables.py": "from curation.dedup import lsh\n", "train/sft.py": "import train\n"},
    models_in_curation: {
        "curation/tables.py": "if TYPE_CHECKING:\n    from transformers import AutoModel\n",
        "curation/dedup/lsh.py": "import torch.nn\n",
    },
    vllm_outside_engines: {"pipelines/cli.py": "from vllm import LLM\n", "train/sft.py": "import vllm\n"},
    backtracking_patterns: {
        "curation/rules/gopher.py": "import re\n",
        "curation/pii/email.py": "from re import compile\n",
        "curation/pii.py": "def f():\n    import regex\n",
    },
    untested: {
        "curation/dedup/minhash.py": "x = 1\n",
        "synth/__init__.py": "def f(): ...\n",
        "train/lora.py": '"""Nothing in it yet."""\n',
    },
    badly_named: {"curation/utils.py": "x = 1\n", "synth/helpers/a.py": "x = 1\n"},
    too_long: {"curation/tables.py": "x = 1\n" * (MOST_LINES + 1)},
    packages_in_tests: {"tests/train/__init__.py": ""},
    undeclared: {"curation/tables.py": "import numpy\n", "train/sft.py": "def f():\n    import ruff\n"},
}


def plant(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_a_rule_passes_a_clean_house_and_finds_every_planted_breach(rule, tmp_path):
    plant(tmp_path, CLEAN)
    assert rule(tmp_path) == []
    plant(tmp_path, PLANTED[rule])
    found = rule(tmp_path)
    assert len(found) == len(PLANTED[rule]), found
    for name in PLANTED[rule]:
        assert any(name in line for line in found), f"{name} was not found"
