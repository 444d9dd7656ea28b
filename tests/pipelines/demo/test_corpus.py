"""The corpus of the documentation on this machine: real, bounded, in order, and readable as JSON Lines."""

import json
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from pipelines.demo import corpus


def rows_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, Any]]]:
    """A small corpus of this Python: the first of the standard library's docstrings, and all packages."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(corpus, "DOCSTRING_MEGABYTES", 8.0)
        paths = corpus.write_corpus(tmp_path_factory.mktemp("corpus"), small=True)
    return {path.stem: rows_of(path) for path in paths}


def test_three_sources_are_written(written: dict[str, list[dict[str, Any]]]) -> None:
    assert list(written) == ["docstrings", "packages", "licences"]
    for rows in written.values():
        assert len(rows) > 10
        assert all(set(row) == {"text", "place", "name"} and row["text"].strip() for row in rows)


def test_docstrings_are_the_standard_librarys_first_and_within_their_share(
    written: dict[str, list[dict[str, Any]]],
) -> None:
    rows = written["docstrings"]
    assert sum(len(row["text"]) for row in rows) <= 0.2e6
    places = [row["place"] for row in rows]
    assert places == sorted(places, key=lambda place: Path(place).parts)
    assert any(row["place"] == "abc.py" and row["name"] == "abstractmethod" for row in rows)
    assert not any("site-packages" in place or Path(place).is_absolute() for place in places)


def test_every_installed_package_describes_itself(written: dict[str, list[dict[str, Any]]]) -> None:
    places = {row["place"] for row in written["packages"]}
    assert {"polars", "pytest", "torch"} <= places
    assert len(written["packages"]) == len(list(metadata.distributions()))
    (polars,) = [row for row in written["packages"] if row["place"] == "polars"]
    assert polars["text"].startswith(f"polars {metadata.version('polars')}\n")


def test_licences_are_there_and_name_their_package(written: dict[str, list[dict[str, Any]]]) -> None:
    rows = written["licences"]
    assert any(row["place"] == "numpy" and "LICENSE" in row["name"].upper() for row in rows)
    assert all(any(word in row["name"].upper() for word in corpus.LICENCE_NAMES) for row in rows)
    places = [row["place"].lower() for row in rows]
    assert places == sorted(places)


def test_a_modules_docstrings_are_read_without_running_it(tmp_path: Path) -> None:
    file = tmp_path / "module.py"
    file.write_text(
        '"""Of the module."""\nraise SystemExit\n\n\nclass A:\n    """Of the class.\n\n    Indented.\n    """\n\n'
        '    async def f(self):\n        """Of a method."""\n\n    def g(self):\n        return "no docstring"\n'
    )
    assert corpus._module_docstrings((file, "package/module.py")) == [
        {"text": "Of the module.", "place": "package/module.py", "name": "module"},
        {"text": "Of the class.\n\nIndented.", "place": "package/module.py", "name": "A"},
        {"text": "Of a method.", "place": "package/module.py", "name": "f"},
    ]


@pytest.mark.parametrize(
    "content",
    [b"print 'Python 2'", b'"""not UTF-8: \xff"""', b"\x00", b'"""half a pair: \\ud800"""', b"", b"x = " + b"(" * 500],
)
def test_what_is_no_documentation_is_left_out(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "module.py").write_bytes(content)
    assert corpus._module_docstrings((tmp_path / "module.py", "module.py")) == []


def test_links_to_nowhere_and_folders_named_like_modules_stop_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library, packages = tmp_path / "lib", tmp_path / "lib" / "site-packages"
    (library / "folder.py").mkdir(parents=True)
    packages.mkdir()
    (library / "good.py").write_text('"""Good."""')
    (library / "lock.py").symlink_to(tmp_path / "nowhere")
    (library / "data.py").write_text("#" * (corpus.MODULE_BYTES + 1))
    (packages / "other.py").write_text('"""Other."""')
    paths = {"stdlib": str(library), "purelib": str(packages)}
    monkeypatch.setattr(corpus.sysconfig, "get_paths", lambda: paths)
    assert [place for _, place in corpus._modules()] == ["good.py", "other.py"]
    assert corpus._module_docstrings((library / "lock.py", "lock.py")) == []


@pytest.mark.parametrize(("megabytes", "kept"), [(0.0, 0), (9e-6, 1), (10e-6, 2), (99.0, 3)])
def test_the_cap_is_never_passed(megabytes: float, kept: int) -> None:
    rows = [{"text": "12345"}, {"text": "12345"}, {"text": "1"}]
    assert list(corpus._capped(iter(rows), megabytes, lambda amount: None)) == rows[:kept]
