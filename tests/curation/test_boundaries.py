import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.boundaries import HEADING, LINE, PARAGRAPH, SENTENCE, boundaries

PIECES = st.sampled_from(
    ["# A", "## B ##", "\n", "\r\n", "\n\n", "```", "Dr. ", "End. ", "왔습니다 ", "x", " ", "! ", "\u2028", "#"]
)


def parts(text: str) -> list[str]:
    edges = [0, *boundaries(text).places, len(text)]
    return [text[begin:end] for begin, end in zip(edges[:-1], edges[1:], strict=True)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It works. It does! Does it? Yes.", ["It works. ", "It does! ", "Does it? ", "Yes."]),
        ("Dr. Smith met J. K. Kim, e.g. there. Then left.", ["Dr. Smith met J. K. Kim, e.g. there. ", "Then left."]),
        ("See no. 5 and fig. 2. He said no. Then left.", ["See no. 5 and fig. 2. ", "He said no. ", "Then left."]),
        ('He said "No." Then left.', ['He said "No." ', "Then left."]),
        ("3.14 is pi. 2.7 is e.", ["3.14 is pi. ", "2.7 is e."]),
        ("그는 갔다. 나는 왔다.", ["그는 갔다. ", "나는 왔다."]),
        ("비가 왔습니다 그래서 집에 있었어요 정말", ["비가 왔습니다 ", "그래서 집에 있었어요 ", "정말"]),
        ("다 먹었다", ["다 먹었다"]),
        ("좋아요」 라고", ["좋아요」 ", "라고"]),
        ("one\ntwo\r\n\r\nthree", ["one\n", "two\r\n\r\n", "three"]),
        ("", [""]),
    ],
)  # fmt: skip
def test_sentences_lines_and_paragraphs(text: str, expected: list[str]):
    assert parts(text) == expected


def test_strengths():
    found = boundaries("One. Two.\nThree\n\nFour\n# Five\nSix")
    assert found.strengths == [SENTENCE, LINE, PARAGRAPH, HEADING]


def test_a_heading_stays_with_its_text_and_titles_are_whole():
    text = "intro\n# Dr. No. A film\n\ntext. More\n## Sub #\n### Subsub\nend\n# Last"
    assert parts(text) == ["intro\n", "# Dr. No. A film\n\ntext. ", "More\n", "## Sub #\n### Subsub\nend\n", "# Last"]
    found = boundaries(text)
    assert [(one.level, one.title) for one in found.headings] == [
        (1, "Dr. No. A film"), (2, "Sub"), (3, "Subsub"), (1, "Last"),
    ]  # fmt: skip
    assert found.path(0) == []
    assert found.path(text.index("More")) == ["Dr. No. A film"]
    assert found.path(text.index("end")) == ["Dr. No. A film", "Sub", "Subsub"]
    assert found.path(len(text)) == ["Last"]
    skipping = boundaries("### deep\na\n## up\nb")
    assert skipping.path(9) == ["deep"] and skipping.path(20) == ["up"]


def test_code_is_no_heading():
    found = boundaries("text\n```\n# comment\n~~~\n```` \n# real\n")
    assert [one.title for one in found.headings] == ["real"]
    assert not boundaries("#hashtag\n####### seven\n    # code").headings


@given(st.lists(PIECES, max_size=30).map("".join))
def test_places_are_inside_and_ascending(text: str):
    found = boundaries(text)
    assert found.places == sorted(set(found.places)) and len(found.strengths) == len(found.places)
    assert all(0 < place < len(text) for place in found.places)
    assert "".join(parts(text)) == text
    for heading in found.headings:
        assert text[heading.at :].lstrip(" ").startswith("#" * heading.level)
