"""Personal data as it is written, and what only looks like it. All addresses and numbers are of no one."""

import polars as pl
import pytest

from curation import pii, tables
from curation.pii import patterns


def replaced(text: str) -> str:
    return pii.replace(tables.complete(pl.DataFrame({"text": [text]}), tables.DOCUMENTS)).rows["text"][0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("write to kim@example.co.kr now", "write to <EMAIL> now"),
        ("a.b+c@x-y.org, d_e@mail.example.com.", "<EMAIL>, <EMAIL>."),
        ("메일은hong@example.com입니다", "메일은<EMAIL>입니다"),
        ("<a@example.com>", "<<EMAIL>>"),
        ("mailto:a@example.com?subject=x", "mailto:<EMAIL>?subject=x"),
        ("first.last@sub.domain.museum!", "<EMAIL>!"),
        ("name [at] example [dot] com", "<EMAIL>"),
        ("name(at)example.com", "<EMAIL>"),
        ("Name {AT} example {DOT} co {dot} kr", "<EMAIL>"),
    ],
)
def test_email(text: str, expected: str) -> None:
    assert replaced(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "user@localhost",
        "@handle and foo@",
        "a@@example.com",
        "a@example..com",
        "me @ home.",
        "5 @ 3.50",
        "look [at] this",
    ]
    + ["git@host.example.com:user/repo", "icon@2x.png", "pkg@1.2.3", "react-dom@18.2.0-beta.1", "@scope/pkg@v1.0.0"],
)
def test_no_email(text: str) -> None:
    assert replaced(text) == text


PHONES = (
    *("010-1234-5678", "01012345678", "010 1234 5678", "010.1234.5678", "(010) 1234-5678", "016-123-4567"),
    *("02-123-4567", "02)123-4567", "(031) 123-4567", "070-1234-5678", "064 - 123 - 4567", "1588-1234", "1544–9999"),
    *("+82 10-1234-5678", "+82-2-123-4567", "82-10-1234-5678", "+82 (0)10 1234 5678", "+821012345678"),
    *("(212) 555-0100", "212-555-0100", "212.555.0100", "1-212-555-0100", "+1 212 555 0100", "+1 (212) 555-0100"),
    *("+44 20 7946 0958", "+442079460958", "+49 (0)30 123456", "+33.1.23.45.67.89"),
)


@pytest.mark.parametrize("number", PHONES)
def test_phone(number: str) -> None:
    assert replaced(number) == "<PHONE>"
    assert replaced(f"전화: {number}, 팩스 없음.") == "전화: <PHONE>, 팩스 없음."
    assert replaced(f"전화는{number}입니다") == "전화는<PHONE>입니다"


LOOK_ALIKES = (
    *("version 1.2.3.4567", "v10.0.19041.1", "192.168.0.1", "10.1234/5678.9012", "doi:10.1145/3292500.3330701"),
    *("2024-01-31", "2024.01.31", "20240131", "2024-01-31T10:20:30", "12:34:56 2024", "1592-1598", "1988-1992년"),
    *("ISBN 978-3-16-148410-0", "ISBN 978-89-546-1234-5", "9783161484100", "ISSN 1234-5678"),
    *("order 1234-5678-9012", "주문번호 20240131-0012345", "2023-12345678", "IMG_0101234567", "0x01012345678"),
    *(
        "price 1,000,000 won",
        "12345678원",
        "$1,234.5678",
        "10 000 000",
        "+1,000,000",
        "+1.2.3",
        "+100000",
        "3.14159265358979",
    ),
    *("DFARS clause 252.227-7013 (c)(1)", "FAR 252-227.7013"),
    *("1234-5678-9012-3456", "950101-1234567", "123-45-67890", "110-123-456789", "0.0101234567", "RFC 2822"),
    *("010-1234-56789", "0101-1234-5678", "02-1234-567", "CO2-123-4567", "12-02-123-4567", "037.5665, 126.9780"),
)


@pytest.mark.parametrize("text", LOOK_ALIKES)
def test_no_phone(text: str) -> None:
    assert replaced(text) == text
    assert replaced(f"See {text}, please.") == f"See {text}, please."


def accepted(kind: str, found: str, before: str = "", after: str = "") -> bool:
    frame = pl.DataFrame({"found": [found], "before": [before], "after": [after]})
    return frame.select(patterns.accepted(kind, *map(pl.col, frame.columns))).item()


def test_numbers_of_eight_to_fifteen_digits() -> None:
    assert not accepted("phone", "1" * 7) and accepted("phone", "1" * 8)
    assert accepted("phone", "1" * 15) and not accepted("phone", "1" * 16)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("", "", True),
        ("call ", " now", True),
        ("전화", "번", True),
        ("(", ")", True),
        ("x", "", False),
        ("_", "", False),
        ("1", "", False),
        ("1-", "", False),
        ("1.", "", False),
        ("1,", "", False),
        ("-", "", True),
        ("a. ", ".", True),
        ("", "x", False),
        ("", "-1", False),
        ("", "-a", False),
        ("", ".5", False),
        ("", ",000", False),
        ("", ". 5", True),
        ("", ", 000", True),
        ("", "- ", True),
    ],
)
def test_a_part_of_something_longer_is_no_number(before: str, after: str, expected: bool) -> None:
    assert accepted("phone", "010-1234-5678", before, after) is expected
    assert accepted("email", "a@example.com", before, after)


def test_years_from_to_are_no_number_of_a_company() -> None:
    assert not accepted("phone", "1588-1592") and not accepted("phone", "1588-2100")
    assert accepted("phone", "1588-2101") and accepted("phone", "1588-1588") and accepted("phone", "1588-0101")


def test_the_hint_is_in_every_candidate() -> None:
    texts = pl.Series([*PHONES, "a@example.com", "a [at] b.com", "a{AT}b.com", "icon@2x.png"])
    assert texts.str.contains(patterns.CANDIDATES).all()
    assert texts.str.contains(patterns.HINT).all()
