"""What is held out: the prompts of task files, and the texts that they score."""

import json
from pathlib import Path
from typing import Any

import pytest

from curation.errors import InputError
from pipelines.jobs.held_out import held_out
from synth.held_out import HeldOut


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
    held = HeldOut(("raw text", "둘째 질문", "raw text"), ("a passage",))
    assert held_out([first, second]) == held and len(held) == 4
    assert held_out([]) == HeldOut()


def test_an_item_without_a_prompt_holds_its_texts_out(tmp_path: Path) -> None:
    scored = {"text": "a passage", "metric": "bits_per_byte"}
    several = {"references": ["one text", "another"], "metric": "bits_per_byte"}
    whole = {"prompt": "", "choices": ["The cats sleep.", "The cats sleeps."], "references": ["The cats sleep."],
             "metric": "choice"}  # fmt: skip
    file = task_file(tmp_path / "scored.jsonl", scored, several, whole)
    texts = ("a passage", "one text", "another", "The cats sleep.", "The cats sleeps.")
    assert held_out([file]) == HeldOut(texts=texts)


def test_files_that_hold_nothing_out_are_refused(tmp_path: Path) -> None:
    rules = [{"role": "system", "content": "Be brief."}]
    asked = task_file(tmp_path / "rules.jsonl", {"prompt": rules, "references": ["x"], "metric": "contains"})
    with pytest.raises(InputError, match=r"rules\.jsonl: found no item with a user's turn or a text to hold out"):
        held_out([asked])
