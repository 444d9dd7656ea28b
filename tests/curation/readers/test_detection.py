"""What the first bytes of a file are taken for."""

import pytest

from curation.readers import detection

RECORD = b'{"text":"a"}\n'


def test_one_record_that_is_not_utf8_is_damage_and_not_another_encoding() -> None:
    one = RECORD + '{"text":"안녕"}\n'.encode("cp949") + RECORD
    assert detection.other_encoding(one, lines_are_records=True) is None
    assert detection.other_encoding(one) == "EUC-KR (cp949)"  # a text of three lines is one document
    assert detection.other_encoding('{"text":"안녕"}\n'.encode("cp949"), lines_are_records=True) == "EUC-KR (cp949)"
    assert detection.other_encoding('{"text":"안녕"}\n'.encode("cp949") * 3, lines_are_records=True) == "EUC-KR (cp949)"


@pytest.mark.parametrize(
    ("text", "encoding", "name"),
    [
        ("안녕하세요, 반갑습니다", "cp949", "EUC-KR (cp949)"),
        ("똠방각하와 펲시콜라를 좋아합니다", "cp949", "EUC-KR (cp949)"),  # two syllables beyond EUC-KR
        ("これはテストです", "shift_jis", "Shift JIS"),
        ("Käse schmeckt süß", "latin-1", "a legacy 8-bit encoding such as Windows-1252"),
        ("plain", "utf-16", "UTF-16"),
    ],
)
def test_an_encoding_is_named(text: str, encoding: str, name: str) -> None:
    assert detection.other_encoding(text.encode(encoding)) == name
    assert detection.other_encoding(text.encode()) is None


def test_a_run_of_zeros_is_one_damaged_line_of_a_text() -> None:
    zeros = bytes(5000) + b"\n"
    assert detection.is_binary(zeros)
    assert not detection.is_binary(RECORD + zeros + RECORD)
    assert detection.is_binary(bytes(range(256)) * 4)
    # a twentieth of a line: one control character among twenty
    assert detection.is_binary(b"\x01" + b"x" * 19) and not detection.is_binary(b"\x01" + b"x" * 20)
    assert not detection.is_binary(b"")


def test_what_is_found_in_words() -> None:
    assert detection.describe(b"\x1f\x8b\x08") == "gzip"
    assert detection.describe(b"PK\x03\x04") == "a ZIP archive"
    assert detection.describe("가나다라마바사".encode("cp949")) == "EUC-KR (cp949) text"
    assert detection.describe(bytes(20)) == "binary data"
    assert detection.describe(b"a,b\n") == "text"
