"""Commands that the pages show are taken by the programs they name: by their parsers, and into valid settings."""

import argparse
import importlib
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer
from markdown_it import MarkdownIt

from pipelines.cli import app
from pipelines.commands import app as shared
from pipelines.commands import runs

ROOT = Path(__file__).resolve().parents[2]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]
COMMANDS = typer.main.get_command(app).commands
CARRIED_OUT = ("curate", "dedup", "distill", "rehearse", "synthesize", "train", "expand", "merge", "evaluate", "plans")
BENCHMARKS = sorted(path.stem for path in (ROOT / "benchmarks").glob("*.py") if "__main__" in path.read_text())
BENCHMARK = re.compile(r"python (?:-m benchmarks\.|benchmarks/)(\w+)(?:\.py)?((?: [^`\n]*)?)")
APART = ("heuristics_datatrove",)  # run by another interpreter, with a library that is not declared


def shown(page: Path) -> list[str]:
    """The lines of a page's code blocks, continued ones as one."""
    tokens = MarkdownIt().parse(page.read_text(encoding="utf-8"))
    blocks = [token.content for token in tokens if token.type == "fence" and token.info == ""]
    return "\n".join(blocks).replace("\\\n", " ").splitlines()


def inline(page: Path) -> list[str]:
    """What stands in backticks in a page's prose."""
    tokens = MarkdownIt().enable("table").parse(page.read_text(encoding="utf-8"))
    children = [child for token in tokens for child in token.children or []]
    return [" ".join(child.content.split()) for child in children if child.type == "code_inline"]


def commands(lines: list[str]) -> list[list[str]]:
    """Words of every `keepwise` command, but for where its output goes."""
    lines = [line.removeprefix(".venv/bin/").split(" > ")[0] for line in lines if "keepwise " in line]
    told = [shlex.split(line, comments=True) for line in lines]
    return [words[1:] for words in told if words[0] == "keepwise"]


def benchmarks(page: Path) -> list[tuple[str, list[str]]]:
    """Names and words of every benchmark that a page shows."""
    found = [match for line in [*shown(page), *inline(page)] if (match := BENCHMARK.search(line))]
    return [(match[1], shlex.split(match[2], comments=True)) for match in found if "METHOD" not in match[2]]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_parser_takes_the_commands(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for module in (shared, runs):
        monkeypatch.setattr(module, "carry_out", lambda recipe, out, fresh: None)
    (tmp_path / "mine.yaml").write_text("rules: {}")
    (tmp_path / "my.yaml").write_text("rules: {}")
    (tmp_path / "recipe.yaml").write_text("steps: {}")
    for name, *words in commands(shown(page)):
        if page.name == "cli.md" and "[options]" in words:
            continue
        plan = name == "run" and not words[0].endswith(".yaml")
        with COMMANDS[name].make_context(name, list(words)) as context:
            if name in CARRIED_OUT or plan:
                COMMANDS[name].invoke(context)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_in_prose_have_their_options(page: Path) -> None:
    for name, *words in commands(inline(page)):
        options = {option for parameter in COMMANDS[name].params for option in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= options, (name, words)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_benchmarks_take_the_words_that_are_shown(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, words in benchmarks(page):
        assert parsed(name, words, monkeypatch), (name, words)


class Taken(Exception):
    """A benchmark's words were taken; nothing is to be measured."""


def parsed(name: str, words: list[str], monkeypatch: pytest.MonkeyPatch) -> bool:
    parse = argparse.ArgumentParser.parse_args

    def only(parser: argparse.ArgumentParser, args: Any = None, namespace: Any = None) -> None:
        parse(parser, words)
        raise Taken

    with monkeypatch.context() as patched:
        patched.setattr(argparse.ArgumentParser, "parse_args", only)
        with pytest.raises(Taken):
            importlib.import_module(f"benchmarks.{name}").main()
    return True


def test_every_benchmark_is_in_the_list() -> None:
    page = (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    told = {name for name, _ in benchmarks(ROOT / "docs" / "benchmarks.md")} | set(re.findall(r"`(\w+)\.py`", page))
    assert set(BENCHMARKS) - set(APART) <= told
