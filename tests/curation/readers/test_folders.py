"""Folders: what is data and what only describes it."""

import json
from pathlib import Path

import pytest

from curation.errors import InputError
from curation.readers import folders


def listing(root: Path) -> folders.Listing:
    files = sorted(path for path in root.rglob("*") if path.is_file())
    return [(str(path), path.relative_to(root).as_posix()) for path in files]


def names(root: Path) -> list[str]:
    return [name for _, name in folders.data_files(listing(root))]


def put(root: Path, *files: str, state: object = None) -> None:
    for name in files:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("{}")
    if state is not None:
        (root / "state.json").write_text(json.dumps(state))


def test_files_whose_names_a_reader_knows(tmp_path: Path) -> None:
    put(tmp_path, "a.jsonl", "state.json", "picture.png", "b/page.html")
    assert names(tmp_path) == ["a.jsonl", "b/page.html", "state.json"]  # no dataset: a file of records by that name


def test_of_a_dataset_only_what_its_state_names(tmp_path: Path) -> None:
    put(tmp_path, "dataset_dict.json")
    state = {"_data_files": [{"filename": "data-0.arrow"}]}
    put(tmp_path / "train", "data-0.arrow", "cache-1.arrow", "dataset_info.json", state=state)
    put(tmp_path / "cached", "x-train.arrow", "dataset_info.json")
    assert names(tmp_path) == ["cached/x-train.arrow", "train/data-0.arrow"]


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ([], "found no list of data files"),
        ({"_data_files": [{"name": "x"}]}, "found no list of data files"),
        ({"_data_files": [{"filename": "data-1.arrow"}]}, "names 'data-1.arrow', but there is no such file"),
        ({"_data_files": [], "_indices_files": [{"filename": "i.arrow"}]}, "rows are chosen by an index"),
    ],
)
def test_a_state_that_leads_nowhere(tmp_path: Path, state: object, message: str) -> None:
    put(tmp_path, "data-0.arrow", "dataset_info.json", state=state)
    with pytest.raises(InputError, match=f"state.json: .*{message}"):
        names(tmp_path)
