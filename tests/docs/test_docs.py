"""The words for people: recipes, links and code in them hold."""

import ast
import importlib
import importlib.util
import re
from pathlib import Path

import polars as pl
import pytest
import yaml
from markdown_it import MarkdownIt

from curation import tables
from pipelines.recipe import validate
from train.evaluation.tasks import load_tasks

ROOT = Path(__file__).resolve().parents[2]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]


def blocks(page: Path, language: str) -> list[str]:
    tokens = MarkdownIt().parse(page.read_text(encoding="utf-8"))
    return [token.content for token in tokens if token.type == "fence" and token.info == language]


def test_recipes_are_valid() -> None:
    recipes = [block for page in PAGES for block in blocks(page, "yaml")]
    assert len(recipes) >= 3
    for text in recipes:
        validate(yaml.safe_load(text), "docs")


def test_task_items_are_valid(tmp_path: Path) -> None:
    items = [block for page in PAGES for block in blocks(page, "json")]
    assert items
    path = tmp_path / "items.jsonl"
    path.write_text("".join(items), encoding="utf-8")
    assert len(load_tasks([path])) == len(items)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for token in MarkdownIt().parse(page.read_text(encoding="utf-8")):
        for child in token.children or []:
            target = str(child.attrs.get("href") or child.attrs.get("src") or "")
            if target and "://" not in target:
                assert (page.parent / target.split("#")[0]).exists(), target


def test_the_readme_s_python_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    text = "word " * 120 + "and the end of it, to be read with that which they have."
    row = {"doc_id": "a", "text": text, "record": 0}
    frame = tables.complete(pl.DataFrame([row, {**row, "doc_id": "b", "text": "short"}]), tables.DOCUMENTS)
    (tmp_path / "runs/corpus/documents/curate").mkdir(parents=True)
    frame.write_parquet(tmp_path / "runs/corpus/documents/curate/part-00000-00000.parquet")
    monkeypatch.chdir(tmp_path)
    (code,) = blocks(ROOT / "README.md", "python")
    exec(compile(code, "README.md", "exec"), {})
    assert capsys.readouterr().out.startswith("1 ")


def test_what_python_on_the_pages_imports_is_there() -> None:
    imported = set()
    for code in (code for page in PAGES for code in blocks(page, "python")):
        for node in ast.walk(ast.parse(code)):
            if isinstance(node, ast.ImportFrom) and node.module:
                imported |= {(node.module, alias.name) for alias in node.names}
    assert len(imported) >= 20
    for module, name in sorted(imported):
        found = importlib.import_module(module)
        assert hasattr(found, name) or importlib.util.find_spec(f"{module}.{name}"), f"{module}.{name}"


def test_both_readmes_begin_with_the_same_commands() -> None:
    english, korean = (blocks(ROOT / name, "") for name in ("README.md", "README.ko.md"))
    first = [[line.split("#")[0].strip() for line in found[0].splitlines()] for found in (english, korean)]
    assert first[0] == first[1] == ["make demo", "make test"]


def test_the_korean_readme_has_what_the_english_one_has() -> None:
    """Commands, results and files of a run; the words around them are its own."""
    english, korean = ((ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "README.ko.md"))
    for what in (r"keepwise [a-z]+", r"(?m)^\| `[a-z./`, ]+` \|", r"\[\d+\.\d, \d+\.\d\]", r"(?m)^pip install [^ ]+"):
        assert set(re.findall(what, english)) <= set(re.findall(what, korean)) | IN_ENGLISH, what


IN_ENGLISH = {
    f"| `{folder}/` |" for folder in ("curation", "synth", "train", "pipelines", "tests", "docs", "benchmarks")
}


def test_the_page_of_the_command_line_is_the_command_line_s() -> None:
    spec = importlib.util.spec_from_file_location("make_cli", ROOT / "docs" / "make_cli.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert (ROOT / "docs" / "cli.md").read_text(encoding="utf-8") == module.page(), "run: python docs/make_cli.py"


def test_pages_name_no_machine() -> None:
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        assert not [name for name in ("work", "tmp", "root", "home") if f"/{name}/" in text.replace("../", "")], (
            page.name
        )
