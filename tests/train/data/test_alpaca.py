import json
from pathlib import Path
from typing import Any

import pytest

from curation.errors import InputError
from train.data import alpaca, cells

COLUMNS = ["instruction", "input", "output", "system", "history"]


def read(folder: Path, *records: dict[str, Any]) -> cells.Cells:
    (folder / "rows.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    return cells.read(folder / "rows.jsonl", COLUMNS)


def asked(content: str, answer: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": content}, {"role": "assistant", "content": answer}]


def test_an_input_stands_below_its_instruction(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        {"instruction": "Add.", "input": "1 2", "output": "3"},
        {"instruction": "Greet.", "input": " ", "output": "Hello."},
        {"instruction": "Greet.", "output": "안녕", "history": []},
    )
    rows = alpaca.conversations(found)
    assert rows["turns"].to_list() == [asked("Add.\n\n1 2", "3"), asked("Greet.", "Hello."), asked("Greet.", "안녕")]
    assert rows["answers_from"].to_list() == [1, 1, 1]


def test_a_system_text_comes_first(tmp_path: Path) -> None:
    found = read(tmp_path, {"instruction": "i", "output": "o", "system": "s"}, {"instruction": "i", "output": "o"})
    rows = alpaca.conversations(found)
    assert rows["turns"].to_list() == [[{"role": "system", "content": "s"}, *asked("i", "o")], asked("i", "o")]
    assert rows["answers_from"].to_list() == [2, 1]
    with pytest.raises(InputError, match="line 1: 'system' has text, expected none: Alpaca's prompt has no place"):
        alpaca.prompts(found)


def test_the_prompt_is_the_one_that_alpaca_was_trained_with(tmp_path: Path) -> None:
    # The braces of a template in the data stay what they are.
    found = read(tmp_path, {"instruction": "{input}", "input": "x", "output": "y"}, {"instruction": "i", "output": "o"})
    assert alpaca.prompts(found).rows() == [
        (
            "Below is an instruction that describes a task, paired with an input that provides further context. Write "
            "a response that appropriately completes the request.\n\n### Instruction:\n{input}\n\n### Input:\nx\n\n"
            "### Response:",
            "y",
        ),
        (
            "Below is an instruction that describes a task. Write a response that appropriately completes the request."
            "\n\n### Instruction:\ni\n\n### Response:",
            "o",
        ),
    ]


def test_half_a_row_is_no_row(tmp_path: Path) -> None:
    found = read(tmp_path, {"instruction": None, "output": "o"}, {"instruction": "i", "output": None})
    assert alpaca.conversations(found)["turns"].to_list() == [None, None]
    assert alpaca.prompts(found).rows()[0][0] is None and alpaca.prompts(found).rows()[1][1] is None


@pytest.mark.parametrize(
    ("record", "problem"),
    [
        ({"instruction": 3, "output": "o"}, "'instruction' is int, expected a string"),
        ({"instruction": "i", "input": ["x"], "output": "o"}, "'input' is list, expected a string"),
        ({"instruction": "i", "output": "o", "history": [["q", "a"]]}, "'history' has turns, expected none"),
    ],
)
def test_other_cells_are_named(tmp_path: Path, record: dict[str, Any], problem: str) -> None:
    with pytest.raises(InputError, match="rows.jsonl, line 1: " + problem):
        alpaca.conversations(read(tmp_path, record))
