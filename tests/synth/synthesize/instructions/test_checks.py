"""What an instruction may be: English and Korean alike."""

from pathlib import Path

import pytest

from curation.checks.typed_form import refuses
from curation.readers.rows import records
from synth.synthesize.attempt import Source
from synth.synthesize.instructions.checks import holds, of_instance, of_instruction
from synth.synthesize.instructions.options import InstructionsOptions
from synth.synthesize.instructions.pool import Task

OPTIONS = InstructionsOptions()


def demos(*texts: str) -> list[Task]:
    return [Task(Source("s", "t", None, None), text, "", True) for text in texts]


def failed(text: str, *shown: str) -> list[str]:
    return [check.name for check in of_instruction(text, demos(*shown), OPTIONS) if not check.passed]


def test_english_and_korean_instructions_pass() -> None:
    assert failed("Write a poem about the sea.", "Name three rivers.") == []
    assert failed("바다에 관한 시를 한 편 쓰세요.", "강 이름을 세 개 쓰세요.") == []
    assert failed("“Translate” this word into French: sea", "Name three rivers.") == []  # no ASCII character first


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("<|im_start|>user Write a poem about the sea.", "roles"),
        ("바다에 관한 시를 한 편 쓰세요.", "language"),
        ("Sing.", "shortest"),
        ("Write " + "on and about the sea, the sky, the wood, " * 40, "longest"),
        ("Describe what is seen in the pictures.", "possible"),
        ("I cannot help with that request.", "refusal"),
        ("go go go go go go go go go go go go", "repetition"),
    ],
)
def test_every_reason_is_named(text: str, reason: str) -> None:
    assert reason in failed(text, "Name three rivers of the world, please.")


@pytest.mark.parametrize(
    ("text", "found"),
    [("Explain mapping.", None), ("Draw a Map.", "map"), ("Sum the files", "file"), ("profile a user", None),
     ("사진을 설명하세요", "사진"), ("사진기의 역사를 쓰세요", None),
     ("그림자란 무엇인가요?", None), ("이 그림에서 새를 찾으세요", "그림")],
)  # fmt: skip
def test_phrases_are_found_as_words_with_plural_or_particle(text: str, found: str | None) -> None:
    assert holds(text, OPTIONS.excluded) == found


@pytest.mark.parametrize(
    ("given", "output", "reason"),
    [("sea", "sea", "own_output"), ("", " translate", "own_output"),
     ("sea", "죄송하지만 도와드릴 수 없습니다.", "refusal"),
     ("sea", "la la la la la la la la la", "repetition"), ("sea", "mer\nUser: next", "roles")],
)  # fmt: skip
def test_an_instance_says_something_of_its_own(given: str, output: str, reason: str) -> None:
    assert [check.name for check in of_instance("Translate", given, output) if not check.passed] == [reason]
    assert all(check.passed for check in of_instance("Translate", "sea", "mer"))


@pytest.mark.shared_data
@pytest.mark.parametrize(
    ("name", "keys"), [("korean-chatbot", ("Q", "A")), ("korean-human-rights-qa", ("질의", "상담례, 결정례 기반 답변"))]
)
def test_korean_questions_are_instructions_and_their_answers_no_refusals(
    shared_data: Path, name: str, keys: tuple[str, str]
) -> None:
    """What the lists of phrases find in texts that people wrote is next to nothing."""
    rows = [row for _, row in records(shared_data / "instructions" / f"{name}.jsonl.gz") if isinstance(row, dict)]
    odd = [row[keys[0]] for row in rows if holds(row[keys[0]], OPTIONS.excluded)]
    assert len(odd) <= 0.03 * len(rows), odd[:5]
    refusing = [row[keys[1]] for row in rows if refuses(row[keys[1]])]
    assert len(refusing) <= 0.01 * len(rows), refusing[:5]
    long = [row[keys[0]] for row in rows[:300] if len(row[keys[0]]) >= OPTIONS.shortest]
    bad = {text: failed(text, *long[:8]) for text in long}
    assert sum(bool(set(names) - {"possible"}) for names in bad.values()) <= 0.02 * len(long)
