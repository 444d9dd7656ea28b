"""Text decoded in the wrong encoding is found; other languages in Latin letters are not."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation import tables
from curation.normalise import Normalisation, normalise
from curation.rules import rule
from curation.rules.mojibake import mojibake

KOREAN = "오늘은 날씨가 참 좋아서 공원에 갔다"


def share(text: str) -> float:
    return rule.score(pl.DataFrame({"doc_id": ["d"], "text": [text]}), mojibake())["mojibake.share"][0]


def test_a_share_by_hand() -> None:
    # "안녕" in EUC-KR is C1 FD B3 E7: four Latin-1 characters among ten that are not white space
    broken = "안녕".encode("euc_kr").decode("latin-1")
    assert len(broken) == 4
    assert share(f"abc {broken} def") == pytest.approx(0.4)
    assert share("ab\ufffdd") == 0.25
    assert share("") == 0.0


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252"])
def test_korean_in_utf8_read_as_another_encoding(encoding: str) -> None:
    broken = KOREAN.encode().decode(encoding, "replace")
    assert share(broken) > 0.8  # some bytes are blanks, and some no character of Windows-1252


@pytest.mark.parametrize("written", ["utf-8", "euc_kr"])
def test_normalisation_does_not_hide_it(written: str) -> None:
    broken = pl.DataFrame({"doc_id": ["d"], "text": [KOREAN.encode(written).decode("latin-1")]})
    documents = tables.complete(broken, tables.DOCUMENTS)
    assert share(normalise(documents, Normalisation()).rows["text"][0]) > 0.8


@given(st.text(st.characters(min_codepoint=0xAC00, max_codepoint=0xD7A3), min_size=1, max_size=20))
def test_every_syllable_in_utf8_read_as_latin1_is_broken_whole(text: str) -> None:
    assert share(text.encode().decode("latin-1")) == 1.0


@pytest.mark.parametrize(
    "text",
    [
        KOREAN,
        "Le garçon a été très déçu par le goût de la pêche.",
        "Smørrebrød på dansk: rødgrød med fløde, æbler og ål.",
        "Größe, Maße, Füße – Übermäßig süß.",
        "El niño comió piñas; ¿qué más?",
        "Żółć, gęślą jaźń. Příliš žluťoučký kůň.",
        "日本語のテキスト、中文文本。",
        "x² + y² = z² ± 3° © 2024 ®",
    ],
)
def test_other_languages_are_whole(text: str) -> None:
    assert share(text) == 0.0


def test_the_bound_is_inclusive() -> None:
    rules = mojibake()
    frame = pl.DataFrame({"doc_id": ["at", "above"], "text": ["\ufffd" + "a" * 9, "\ufffd" + "a" * 8]})
    assert rule.decide(rule.score(frame, rules), rules)["first_failing_rule"].to_list() == [None, "mojibake.share"]
    assert mojibake(0.5)[0].high == 0.5
