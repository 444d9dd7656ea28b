"""What repeats the evaluation: prompts in what is asked, texts in all that is said, parts of texts."""

import polars as pl
import pytest

from synth.held_out import HeldOut, repeats
from synth.likeness import frame
from synth.novelty import NoveltyOptions

LIMITS = NoveltyOptions()
WORDS = [f"word{number}" for number in range(40)]
TEXT = " ".join(WORDS)
NOTHING = frame([])


def found(
    documents: list[str], held: HeldOut | list[str], asked: bool = True, limits: NoveltyOptions = LIMITS
) -> dict[str, str]:
    said = frame([(str(number), text) for number, text in enumerate(documents)])
    return {name: one.how for name, one in repeats(said if asked else NOTHING, said, held, limits).items()}


def test_texts_in_a_row_are_prompts() -> None:
    assert HeldOut.of(["a", "b"]) == HeldOut(("a", "b")) and len(HeldOut(("a",), ("b", "c"))) == 3
    assert HeldOut.of(HeldOut(texts=("a",))) == HeldOut(texts=("a",))
    assert found(["A", "c"], ["a"]) == {"0": "exact"}


def test_a_prompt_may_be_an_answer_and_a_text_may_be_neither() -> None:
    assert found(["Lima", TEXT], HeldOut(prompts=("Lima", TEXT)), asked=False) == {}
    for asked in (True, False):
        assert found(["lima ", TEXT], HeldOut(texts=("Lima", TEXT)), asked) == {"0": "exact", "1": "exact"}


def test_a_long_text_is_found_nearly_and_within_another_and_in_part() -> None:
    documents = [
        " ".join([*WORDS, "end"]),
        "Read this:\n" + TEXT.upper() + " " + " ".join(f"more{number}" for number in range(60)),
        "  ".join(WORDS[10:22]),
        " ".join(WORDS[10:21]),
        " ".join([*WORDS[10:21], "other"]),
    ]
    texts = HeldOut(texts=(TEXT,))
    for asked in (True, False):
        assert found(documents, texts, asked) == {"0": "minhash", "1": "word_for_word", "2": "word_for_word"}
    # Part of a long prompt is no repeat: an instruction shares its words with many.
    assert found(documents, [TEXT]) == {"0": "minhash", "1": "word_for_word"}
    assert repeats(NOTHING, frame([("a", documents[2])]), texts, LIMITS)["a"].text == TEXT


def test_parts_that_share_words_are_each_found() -> None:
    parts = [" ".join(WORDS[at : at + size]) for at, size in ((0, 14), (5, 20), (6, 12), (5, 20))]
    texts = HeldOut(texts=("Another text.", TEXT))
    assert found(parts, texts) == dict.fromkeys("0123", "word_for_word")


@pytest.mark.parametrize("long_words", [0, 3])
def test_a_few_words_are_never_a_part(long_words: int) -> None:
    limits = NoveltyOptions(long_words=long_words, near_duplicate=1.0)
    assert found(["word1", "word1 word2 word3 word4"], HeldOut(texts=(TEXT,)), limits=limits) == {}


def test_the_first_repeat_of_a_document_with_several_turns_is_named() -> None:
    said = frame([("a", "other"), ("a", "Lima"), ("b", "so")])
    assert repeats(said, said, HeldOut(("lima",), ("Lima",)), LIMITS).keys() == {"a"}
    assert repeats(NOTHING, NOTHING, HeldOut(("a",), (TEXT,)), LIMITS) == {}
    assert repeats(said, said, (), LIMITS) == {}
    assert isinstance(said, pl.DataFrame)
