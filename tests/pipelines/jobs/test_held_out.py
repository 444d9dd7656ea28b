"""What is held out: the prompts of task files."""

import json
from pathlib import Path
from typing import Any

import pytest

from curation.errors import InputError
from pipelines.jobs.held_out import prompts


def task_file(path: Path, *items: dict[str, Any]) -> str:
    path.write_text("".join(json.dumps(item, ensure_ascii=False) + "\n" for item in items), encoding="utf-8")
    return str(path)


def test_the_last_turn_of_the_user_or_the_raw_text_is_held_out(tmp_path: Path) -> None:
    turns = [("system", "Be brief."), ("user", "첫 질문"), ("assistant", "답"), ("user", "둘째 질문")]
    asked = ["raw text", [{"role": role, "content": content} for role, content in turns]]
    items = [{"prompt": prompt, "references": ["x"], "metric": "contains"} for prompt in asked]
    scored = {"text": "a passage", "metric": "bits_per_byte"}
    first = task_file(tmp_path / "first.jsonl", *items, scored)
    second = task_file(tmp_path / "second.jsonl", items[0])
    assert prompts([first, second]) == ["raw text", "둘째 질문", "raw text"]
    assert prompts([]) == []


def test_files_that_hold_nothing_out_are_refused(tmp_path: Path) -> None:
    scored = task_file(tmp_path / "scored.jsonl", {"text": "a passage", "metric": "bits_per_byte"})
    with pytest.raises(InputError, match=r"scored\.jsonl: found no item with a user's turn to hold out"):
        prompts([scored])
