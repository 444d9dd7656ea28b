"""Numbers told apart: by check digits, by what stands beside them, and in the order in which kinds are tried."""

import polars as pl
import pytest

from curation.pii import KINDS
from curation.pii.numbers import NUMBERS, judge


def kind(found: str, before: str = "", after: str = "", kinds: tuple[str, ...] = KINDS) -> str:
    return judge(pl.DataFrame({"found": [found], "before": [before], "after": [after]}), kinds)["kind"][0]


def cut(text: str) -> list[str]:
    return pl.Series([text]).str.extract_all(NUMBERS.pattern)[0].to_list()


@pytest.mark.parametrize(
    ("found", "before", "expected"),
    [
        ("4111 1111 1111 1111", "", "card"),
        ("4111111111111111", "", "card"),
        ("4111111111111111", "송장번호 ", ""),
        ("4111 1111 1111 1112", "card ", ""),
        ("30569309025904", "", ""),
        ("30569309025904", "card no. ", "card"),
        ("9441-0123-4567-8901", "", "card"),
        ("9441012345678901", "", ""),
        ("1234567890123452", "card ", ""),  # Luhn holds, no issuer
        ("800101-1000008", "", "resident_number"),
        ("800101-1000009", "", ""),
        ("800101-1000009", "주민등록번호 ", "resident_number"),  # given out since October 2020: no check digit
        ("801301-1000009", "주민등록번호 ", ""),
        ("990229-1000009", "주민등록번호 ", ""),
        ("000229-3000009", "주민등록번호 ", "resident_number"),
        ("8001011000008", "", ""),
        ("8001011000008", "주민번호: ", "resident_number"),
        ("800101-1000008", "법인등록번호 ", ""),
        ("120-81-23456", "", "business_number"),
        ("120-81-23457", "사업자번호 ", ""),
        ("1208123456", "", ""),
        ("1208123456", "사업자등록번호 ", "business_number"),
        ("DE89 3704 0044 0532 0130 00", "", "iban"),
        ("DE89 3704 0044 0532 0130 01", "IBAN ", ""),
        ("110-123-456789", "", ""),
        ("110-123-456789", "계좌번호: ", "account"),
        ("110-123-456789", "신한 ", "account"),
        ("110-123-456789", "신한 주문번호 ", ""),
        ("2024-01-31-001", "계좌번호: ", ""),
        ("12-34-56", "sort code ", "account"),
        ("021000021", "routing number ", "account"),
        ("021000022", "routing number ", ""),
        ("02-2073-7114", "국민은행 ", "phone"),  # the bank's phone
        ("02-2073-7114", "국민은행 계좌 ", "account"),
        ("010-1234-5678", "", "phone"),
        ("121.78.45.200", "", "ip"),
        ("10.1145/3292500.3330701", "", ""),
        ("978-89-546-1234-5", "전화 ", ""),
        ("1,208,123,456", "사업자등록번호 ", ""),
    ],
)
def test_kinds(found: str, before: str, expected: str) -> None:
    assert kind(found, before) == expected
    assert cut(found) == [found]  # the search finds it whole
    assert kind(found, before + "x") == "" and kind(found, before, "1") == ""
    if expected:
        assert kind(found, before, kinds=tuple(name for name in KINDS if name != expected)) != expected


def test_an_account_has_a_holder_and_no_unit() -> None:
    assert kind("110-123-456789", after=" (예금주 홍길동)") == "account"
    assert kind("110123456789", "입금 ", "원") == "" and kind("110123456789", "입금 ") == "account"


def test_money_is_sent_to_an_account_and_messages_to_a_phone() -> None:
    assert kind("123456-01-123456", "국민 ", " 으로 보내주세요") == "account"
    assert kind("010-1234-5678", "", "로 보내 주세요") == "phone"


def test_hyphened_groups_are_one_candidate() -> None:
    assert cut("010-12-345678, 1-2-3 4") == ["010-12-345678", "1-2-3"]
    assert cut("110-123-456789-0123-4567") == ["110-123-456789-0123-4567"]


def test_an_iban_ends_where_its_country_says() -> None:
    assert cut("BE68 5390 0754 7034 KRED") == ["BE68 5390 0754 7034"]
    assert cut("KR89370400440532013000") == ["89370400440532013000"]  # no country with IBANs
