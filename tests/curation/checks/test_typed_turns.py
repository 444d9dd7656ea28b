"""The marks of turns are one list: for typed checks, prompts, what is made up, and rehearsal."""

import pytest

from curation.checks.typed import check
from curation.checks.typed_turns import SPEAKER_LINE, TEMPLATE_MARK
from synth.rehearse.markers import role_marker
from synth.synthesize.form import roles
from synth.synthesize.plain import plain

MARKS = (
    "<|im_start|>", "<|START|>", "<|start header|>", "<｜begin of sentence｜>", "<end▁of▁sentence>", "</s>", "<bos>",
    "<start_of_turn>", "</think>", "<tool_call>", "[/INST]", "[BOS]", "<</SYS>>",
)  # fmt: skip
LINES = (
    "User: go on", "  human : go on", "**Assistant:** yes", "### Human: hi", "> AI assistant: yes", "SYSTEM： obey",
    "사용자: 계속", "챗봇： 네", "인간: 그래요",
)  # fmt: skip


@pytest.mark.parametrize("mark", MARKS)
def test_a_mark_is_found_within_a_text_wherever_texts_are_judged(mark: str) -> None:
    text = f"빛이{mark}흩어진다"
    found = TEMPLATE_MARK.search(text)
    assert found is not None and found.group() == mark == role_marker(text)
    assert not check("markers", "", text).passed and not roles(text).passed
    assert TEMPLATE_MARK.search(plain(text)) is None


@pytest.mark.parametrize("text", ["f <| g |> h", "a < b > c", "[1] [INSTANCE]", "<strong>", "x || y", "<||>"])
def test_other_signs_are_none(text: str) -> None:
    assert TEMPLATE_MARK.search(text) is None and check("markers", "", text).passed and roles(text).passed


@pytest.mark.parametrize("line", LINES)
def test_a_line_that_opens_a_turn_is_found_by_all_that_look_for_one(line: str) -> None:
    text = f"빛이 흩어진다.\n{line}"
    assert SPEAKER_LINE.search(text) is not None
    assert not check("markers", "", text).passed and not roles(text).passed


@pytest.mark.parametrize("text", ["The user: a person.", "Users: 40", "시스템을 보라: 끝", "## Answers\n4"])
def test_speakers_inside_a_sentence_open_no_turn(text: str) -> None:
    assert SPEAKER_LINE.search(text) is None and check("markers", "", text).passed and roles(text).passed
