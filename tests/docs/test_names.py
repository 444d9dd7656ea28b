"""What the pages name is there: modules and functions, files, settings, options, headings."""

import dataclasses
import importlib
import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
import typer
from markdown_it import MarkdownIt
from pydantic import BaseModel

from pipelines.cli import app
from pipelines.recipe import JOBS

ROOT = Path(__file__).resolve().parents[2]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]
WRITTEN = [page for page in PAGES if page.name != "cli.md"]  # by hand
PACKAGES = ("curation", "synth", "train", "pipelines")
DOTTED = re.compile(rf"(?:{'|'.join(PACKAGES)})(?:\.\w+)+")
FILE = re.compile(r"(?:curation|synth|train|pipelines|benchmarks|tests|docs|requirements|\.ci)/[\w./-]+")
SETTING = re.compile(r"[a-z_]+(?:\.[a-z_]+)+")
SUFFIXES = (".py", ".json", ".jsonl", ".parquet", ".sqlite", ".md", ".txt", ".yaml", ".html", ".gz", ".warc", ".zst")
SOURCE = "".join(path.read_text(encoding="utf-8") for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
MADE = re.compile(r"(?:train|pipelines)/")  # among the names of files also a folder of a run, and an address' path
OTHERS = {  # options of other programs that the pages speak of
    "--dtype", "--enforce-eager", "--no-enable-chunked-prefill", "--max-num-batched-tokens", "--pooler-config",
    "--no-deps", "--appendonly", "--log_samples", "--output_path", "--help",
}  # fmt: skip


def tokens(page: Path) -> list[Any]:
    return MarkdownIt().enable("table").parse(page.read_text(encoding="utf-8"))


def named(page: Path) -> list[str]:
    """What stands in backticks in a page's prose and tables."""
    children = [child for token in tokens(page) for child in token.children or []]
    return [" ".join(child.content.split()) for child in children if child.type == "code_inline"]


def keys(model: Any) -> dict[str, dict[str, Any]]:
    """The settings of a job, or of a group in one, each with those below it."""
    if dataclasses.is_dataclass(model):
        return {field.name: {} for field in dataclasses.fields(model)}
    return {name: _below(field.annotation) for name, field in model.model_fields.items()}


def _below(annotation: Any) -> dict[str, dict[str, Any]]:
    if dataclasses.is_dataclass(annotation) or (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
        return keys(annotation)
    return {key: below for part in getattr(annotation, "__args__", ()) for key, below in _below(part).items()}


def is_setting(name: str) -> bool:
    """Whether a job has the setting; rules of a curate step are not among its groups."""
    for job in JOBS.values():
        tree: dict[str, Any] | None = keys(job)
        for part in name.split("."):
            tree = tree.get(part) if tree else None
        if tree is not None:
            return True
    return False


def is_rule(name: str) -> bool:
    """Whether the code says the name, or its end where what stands before it is put there by the stage."""
    last = name.split(".")[-1]
    return any(said in SOURCE for said in (f'"{name}"', f'"{last}"', f'.{last}"'))


GROUPS = {name for job in JOBS.values() for name, below in keys(job).items() if below}


def is_module_or_in_one(name: str) -> bool:
    parts = name.split(".")
    for depth in range(len(parts), 0, -1):
        try:
            found: Any = importlib.import_module(".".join(parts[:depth]))
        except ModuleNotFoundError:
            continue
        for part in parts[depth:]:
            if not hasattr(found, part):
                return part in getattr(found, "__dataclass_fields__", {})
            found = getattr(found, part)
        return True
    return False


@pytest.mark.parametrize("page", WRITTEN, ids=lambda page: page.name)
def test_modules_functions_rules_and_files_are_there(page: Path) -> None:
    for text in named(page):
        if DOTTED.fullmatch(text):
            assert is_module_or_in_one(text) or is_rule(text), text
        for word in text.split():
            if FILE.fullmatch(word) and not MADE.match(word):
                assert (ROOT / word).exists(), word


@pytest.mark.parametrize("page", WRITTEN, ids=lambda page: page.name)
def test_settings_are_there(page: Path) -> None:
    for word in (word for text in named(page) for word in text.split()):
        name = word.partition("=")[0].lstrip("'").removeprefix("*.")
        if SETTING.fullmatch(name) and name.split(".")[0] in GROUPS and not name.endswith(SUFFIXES):
            assert is_setting(name) or is_rule(name), f"{page.name}: {name}"


@pytest.mark.parametrize("page", WRITTEN, ids=lambda page: page.name)
def test_options_are_there(page: Path) -> None:
    commands = typer.main.get_command(app).commands.values()  # type: ignore[attr-defined]
    known = {name for one in commands for option in one.params for name in [*option.opts, *option.secondary_opts]}
    known |= set(re.findall(r'add_argument\(\s*"(--[\w-]+)"', _benchmarks())) | OTHERS
    for text in named(page):
        if text.startswith("--"):
            assert re.match(r"--[\w-]+", text)[0] in known, f"{page.name}: {text}"  # type: ignore[index]


def _benchmarks() -> str:
    return "".join(path.read_text(encoding="utf-8") for path in (ROOT / "benchmarks").glob("*.py"))


def anchors(page: Path) -> set[str]:
    """The names by which a page's headings are linked to, as GitHub makes them."""
    every = tokens(page)
    titles = [every[at + 1] for at, token in enumerate(every) if token.type == "heading_open"]
    said = ["".join(child.content for child in title.children or []).lower() for title in titles]
    return {re.sub(r"[^\w -]", "", title).replace(" ", "-") for title in said}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_headings(page: Path) -> None:
    for child in (child for token in tokens(page) for child in token.children or []):
        place, _, heading = unquote(str(child.attrs.get("href") or "")).partition("#")
        if heading and "://" not in place:
            target = page if not place else (page.parent / place).resolve()
            assert heading in anchors(target), f"{place}#{heading}"
