"""Phone numbers as they are written, and what only looks like one. All numbers are of no one."""

import polars as pl
import pytest

from curation import pii, tables
from curation.pii import phone


def replaced(*texts: str) -> list[str]:
    frame = tables.complete(pl.DataFrame({"text": texts}), tables.DOCUMENTS)
    return pii.replace(frame, ("phone",)).rows["text"].to_list()


PHONES = (
    *("010-1234-5678", "01012345678", "010 1234 5678", "010.1234.5678", "(010) 1234-5678", "016-123-4567"),
    *("02-123-4567", "02)123-4567", "(031) 123-4567", "070-1234-5678", "064 - 123 - 4567", "1588-1234", "1544–9999"),
    *(
        "+82 10-1234-5678",
        "+82-2-123-4567",
        "82-10-1234-5678",
        "+82 (0)10 1234 5678",
        "+821012345678",
        "0082-10-1234-5678",
    ),
    *("(212) 555-0100", "212-555-0100", "212.555.0100", "1-212-555-0100", "+1 212 555 0100", "+1 (212) 555-0100"),
    *("+44 20 7946 0958", "+442079460958", "+49 (0)30 123456", "+33.1.23.45.67.89"),
)


def test_phone() -> None:
    for sentence in ("{}", "전화: {}, 팩스 없음.", "전화는{}입니다"):
        assert set(replaced(*map(sentence.format, PHONES))) == {sentence.format("<PHONE>")}


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


def test_no_phone() -> None:
    for sentence in ("{}", "See {}, please."):
        texts = [sentence.format(text) for text in LOOK_ALIKES]
        assert replaced(*texts) == texts


def accepted(found: str, before: str = "", after: str = "") -> bool:
    frame = pl.DataFrame({"found": [found], "before": [before], "after": [after]})
    return frame.select(phone.accepted()).item()


def test_numbers_of_eight_to_fifteen_digits() -> None:
    assert not accepted("+1 " + "2" * 4 + " 22") and accepted("+1 " + "2" * 4 + " 222")
    assert accepted("+12 1234 1234567 12") and not accepted("+123 1234 1234567 12")


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        *(("", "", True), ("call ", " now", True), ("전화", "번", True), ("(", ")", True), ("-", "", True)),
        *(
            ("x", "", False),
            ("_", "", False),
            ("1", "", False),
            ("1-", "", False),
            ("1.", "", False),
            ("1,", "", False),
        ),
        *(("a. ", ".", True), ("", ". 5", True), ("", ", 000", True), ("", "- ", True)),
        *(("", "x", False), ("", "-1", False), ("", "-a", False), ("", ".5", False), ("", ",000", False)),
    ],
)
def test_a_part_of_something_longer_is_no_number(before: str, after: str, expected: bool) -> None:
    assert accepted("010-1234-5678", before, after) is expected


def test_an_extension_may_follow() -> None:
    assert accepted("212-555-0100", "", "x123, or") and accepted("212-555-0100", "", "ext.12")
    assert not accepted("212-555-0100", "1", "x123") and not accepted("212-555-0100", "", "xyz")
    assert not accepted("212-555-0100", "", "x123456") and not accepted("212-555-0100", "", "x12a")


def test_years_from_to_and_sums_are_no_number_of_a_company() -> None:
    assert not accepted("1588-1592") and not accepted("1588-2100")
    assert accepted("1588-2101") and accepted("1588-1588") and accepted("1588-0101")
    assert not accepted("1800-1350", "<<", "=450") and not accepted("1800-1350", "$")
    assert accepted("1800-1350", "tel=")


def test_local_numbers_need_a_word() -> None:
    assert not accepted("555-1234") and not accepted("07700 900 123") and not accepted("2125550147")
    assert accepted("555-1234", "Tel: ") and accepted("07700 900 123", "please contact Kim at ")
    assert accepted("2125550147", "call ") and not accepted("2125550147", "calls ")
    assert accepted("1577 1366", "상담전화(") and not accepted("1577 1366", "인권보호실(")


def test_what_the_text_calls_something_else_is_no_number() -> None:
    assert not accepted("212-555-0100", "Part no. ") and accepted("212-555-0100", "Tel no. ")
    assert accepted("010-1234-5678", "주문번호 ")  # a mobile number whatever it is called
