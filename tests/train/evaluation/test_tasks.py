import json
from pathlib import Path

import polars as pl
import pytest
import zstandard

from curation.errors import InputError
from train.evaluation.tasks import Check, Task, chances, load_demonstrations, load_tasks


def write(path: Path, *records: object) -> Path:
    path.write_text("".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records), encoding="utf-8")
    return path


def test_reads_items_of_every_form(tmp_path: Path) -> None:
    turns = [{"role": "user", "content": "1+1"}]
    path = write(
        tmp_path / "sums.test.jsonl",
        {"id": 7, "prompt": turns, "references": "2", "metric": "exact_match", "source": "s", "cluster": 3},
        {"id": "a", "task": "pick", "prompt": "x", "references": ["y"], "choices": ["y", "z"], "metric": "choice"},
        {"id": "b", "task": "read", "text": "some text", "metric": "bits_per_byte"},
    )
    assert load_tasks([path]) == [
        Task("7", "sums", "exact_match", (("user", "1+1"),), ("2",), (), "s", 3),
        Task("a", "pick", "choice", "x", ("y",), ("y", "z")),
        Task("b", "read", "bits_per_byte", (), ("some text",)),
    ]
    packed, table = tmp_path / "sums.jsonl.zst", tmp_path / "sums.parquet"
    packed.write_bytes(zstandard.compress(path.read_bytes()))
    assert load_tasks([packed]) == load_tasks([path])
    pick, read = [json.loads(line) for line in path.read_text().splitlines()[1:]]
    pl.DataFrame([pick, read], infer_schema_length=None).write_parquet(table)  # what an item has not is null
    assert load_tasks([table]) == load_tasks([path])[1:]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"metric": "bleu"}, "'metric' is 'bleu', expected one of verbatim"),
        ({"references": []}, r"'references' is \[\], expected a text or a list of texts"),
        ({"references": [1]}, "'references' is"),
        ({"prompt": None}, "'prompt' is None, expected a text or a list"),
        ({"prompt": [{"role": "user"}]}, "'prompt' is"),
        ({"task": 3}, "'task' is 3, expected text"),
        ({"metric": "choice", "choices": ["no"]}, "reference 'yes' is not among 'choices'"),
        ({"source": 1}, "'source' is 1"),
        ({"references": [" "]}, "reference ' ' has nothing that 'contains' could match"),
        ({"references": ["."], "metric": "exact_match"}, "reference '.' has nothing that 'exact_match' could match"),
        ({"references": ["->"], "metric": "first_word"}, "reference '->' has nothing that 'first_word' could match"),
        ({"references": [" "], "metric": "no_refusal"}, "reference ' ' has nothing"),
        ({"prompt": "  "}, "'prompt' is '  '"),
        ({"prompt": [{"role": "assistant", "content": "x"}]}, "'prompt' ends with a turn of the assistant"),
        ({"metric": "choice", "choices": ["yes", "yes"]}, "expected a wrong one among them"),
        ({"id": True}, "'id' is True, expected text"),
        ({"id": "a\x1fb"}, "'id' is .*, expected text on one line"),
        ({"cluster": True}, "'cluster' is True, expected a whole number"),
        ({"cluster": "x"}, "'cluster' is 'x', expected a whole number"),
        ({"split": "dev"}, "'split' is 'dev', expected one of test, train"),
        ({"metric": "check"}, "'check' is None, expected one of number, choice"),
        ({"metric": "check", "check": "number"}, "check 'number': the answer 'yes' has no number"),
        ({"metric": "check", "check": "choice"}, "'choices' is None"),
        ({"metric": "check", "check": "regex"}, "'pattern' is None for check 'regex'"),
        ({"metric": "check", "check": "number", "pattern": "x"}, "'pattern' is 'x' for check 'number'"),
        ({"metric": "check", "check": "regex", "pattern": "("}, "is no pattern that RE2 reads"),
        ({"metric": "check", "check": "number", "tolerance": -1}, "'tolerance' is -1, expected a number of 0 or more"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, change: dict, message: str) -> None:
    good = {"id": "1", "task": "t", "prompt": "p", "references": ["yes"], "metric": "contains"}
    path = write(tmp_path / "t.jsonl", {**good, "id": "0"}, {**good, **change})
    with pytest.raises(InputError, match="line 2: .*" + message):
        load_tasks([path])


def test_files_without_items_and_repeated_items_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        load_tasks([tmp_path / "none.jsonl"])
    with pytest.raises(InputError, match="found an empty file"):
        load_tasks([write(tmp_path / "empty.jsonl")])
    (tmp_path / "bad.jsonl").write_text("{")
    with pytest.raises(InputError, match="bad.jsonl, line 1: found broken JSON"):
        load_tasks([tmp_path / "bad.jsonl"])
    item = {"id": "1", "task": "t", "prompt": "p", "references": ["yes"], "metric": "contains"}
    first, second = write(tmp_path / "a.jsonl", item), write(tmp_path / "b.jsonl", item)
    with pytest.raises(InputError, match=r"b.jsonl, line 1: item '1' of task 't' stands in .*a.jsonl, line 1 already"):
        load_tasks([first, second])
    with pytest.raises(InputError, match="already"):
        load_tasks([first, first])


def test_rows_to_show_are_not_asked(tmp_path: Path) -> None:
    row = {"task": "t", "prompt": "p", "references": ["yes"], "metric": "contains"}
    path = write(tmp_path / "t.jsonl", {**row, "id": "0"}, {**row, "id": "1", "split": "train"})
    alone = write(tmp_path / "shots.jsonl", {**row, "id": "0"}, {**row, "id": "2", "split": "train"})
    assert [item.id for item in load_tasks([path])] == ["0"]
    assert [item.id for item in load_demonstrations([path])] == ["1"]
    assert [item.id for item in load_demonstrations([path], [alone])] == ["1", "0", "2"]
    with pytest.raises(InputError, match="only rows with split 'train'"):
        load_tasks([write(tmp_path / "none.jsonl", {**row, "id": "0", "split": "train"})])


def test_checks_and_refusals(tmp_path: Path) -> None:
    row = {"prompt": "p", "metric": "check"}
    path = write(
        tmp_path / "t.jsonl",
        {**row, "id": "1", "check": "number", "references": "42", "tolerance": 0.5},
        {**row, "id": "2", "check": "choice", "references": ["B"], "choices": ["A", "B", "C", "D"]},
        {**row, "id": "3", "check": "regex", "pattern": "[0-9]+"},
        {"prompt": "p", "metric": "refusal", "id": "4"},
    )
    assert load_tasks([path]) == [
        Task("1", "t", "check", "p", ("42",), check=Check("number", tolerance=0.5)),
        Task("2", "t", "check", "p", ("B",), check=Check("choice", ("A", "B", "C", "D"))),
        Task("3", "t", "check", "p", (), check=Check("regex", pattern="[0-9]+")),
        Task("4", "t", "refusal", "p", ()),
    ]


def test_chance_is_known_where_there_are_choices() -> None:
    two = Task("1", "a", "choice", "p", ("x",), ("x", "y"))
    four = Task("2", "a", "check", "p", ("B",), check=Check("choice", ("A", "B", "C", "D")))
    several = Task("3", "b", "choice", "p", ("x", "y"), ("x", "y", "z"))
    free = Task("4", "c", "contains", "p", ("x",))
    twice = Task("5", "d", "choice", "p", ("x",), ("x", "x", "y", "z"))  # as some questions of ARC
    assert twice.chance == 0.5
    assert (two.chance, four.chance, several.chance, free.chance) == (0.5, 0.25, pytest.approx(2 / 3), None)
    assert chances([two, four, several, free]) == {"a": 0.375, "b": pytest.approx(2 / 3)}
