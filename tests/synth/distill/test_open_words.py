"""What of a text can be compared: sentences, words, numbers, negations, names."""

import pytest

from synth.distill import open_words as said


def test_sentences_end_with_stops_and_lines_and_lose_the_marks_of_lists():
    text = 'It costs 3.5 dollars. Is it "new?" Yes!\n1. First item\n- Second item\n\n끝났다. 정말요?'
    assert said.sentences(text) == [
        "It costs 3.5 dollars.", 'Is it "new?', "Yes!", "First item", "Second item", "끝났다.", "정말요?",
    ]  # fmt: skip


def test_words_are_stems_without_function_words_and_numbers():
    assert said.words("The two trains arrived at 10, didn't they?") == ["trains", "arrived"]
    assert said.content("arrives") == said.content("arrived")
    assert said.content("학교에서 공부합니다") == said.content("학교는 공부해요") == {"학교", "공부"}
    assert said.content("있습니다 있어요") == frozenset()


def test_numbers_are_written_in_many_ways():
    assert said.numbers("1,000,000 and 3.5 or 1,5") == {"1000000", "3.5", "1,5"}
    assert said.numbers("Three of twenty, and one more") == {"3", "20"}
    assert said.numbers("1. first\n2. second of 7") == {"7"}


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("It is not here, and nobody can't say.", 3),
        ("Not only bees but also wasps.", 0),
        ("She was unable to come.", 1),
        ("가지 않았다. 안 왔다.", 2),
        ("꽃뿐만 아니라 나무도 있다.", 0),
        ("할 수 없다.", 1),
    ],
)
def test_negations(text: str, count: int):
    assert said.negations(text) == count


def test_names_are_capitals_inside_sentences_and_korean_quotes():
    assert said.names("The city of Busan. It lies near NASA and iPhone stores.") == {"busan", "nasa", "iphon"}
    assert said.names("그는 「헌법재판소법」을 인용했다.") == said.content("헌법재판소법")


def test_a_text_is_read_once():
    assert said.read("One text.") is said.read("One text.")
    assert said.read("No. Not so.").negations == 2
