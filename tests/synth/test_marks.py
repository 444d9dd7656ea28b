"""The marks of chat templates are one list, for prompts, rows and rehearsal."""

import pytest

from synth.marks import USUAL


@pytest.mark.parametrize(
    "mark",
    ["<|im_start|>", "<|START|>", "<|start header|>", "<｜begin of sentence｜>", "<end▁of▁sentence>", "</s>", "<bos>",
     "<start_of_turn>", "</think>", "<tool_call>", "[/INST]", "[BOS]", "<</SYS>>"],
)  # fmt: skip
def test_a_mark_is_found_within_a_text(mark: str) -> None:
    found = USUAL.search(f"빛이{mark}흩어진다")
    assert found is not None and found.group() == mark


@pytest.mark.parametrize("text", ["f <| g |> h", "a < b > c", "[1] [INSTANCE]", "<strong>", "x || y", "<||>"])
def test_other_signs_are_none(text: str) -> None:
    assert USUAL.search(text) is None
