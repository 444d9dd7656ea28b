"""Words before a number: at its side, in both languages, and not inside other words."""

import polars as pl
import pytest

from curation.pii import context


def says(pattern: str, before: str) -> bool:
    return pl.DataFrame({"before": [before]}).select(context.before(pattern)).item()


@pytest.mark.parametrize(
    ("pattern", "before"),
    [
        (context.LABELLED, "Order number: "),
        (context.LABELLED, "주문번호는 "),
        (context.LABELLED, "Invoice id "),
        (context.PHONE, "Tel. "),
        (context.PHONE, "☎ "),
        (context.PHONE, "연락처 : "),
        (context.REACH, "You can contact Ms Kim at "),
        (context.RESIDENT, "주민등록번호("),
        (context.BUSINESS, "사업자 등록번호: "),
        (context.CARD, "신용카드 번호는 "),
        (context.ACCOUNT_WORD, "입금 계좌는 우리 가게 "),
        (context.BANK, "국민은행 "),
        (context.BANK, "농협 계좌: "),
        (context.ACCOUNT_NUMBER, "my bank account number is "),
        (context.IP, "접속 IP는 "),
        (context.IP, "https://"),
        (context.VERSION, "firmware version "),
        (context.VERSION, "버전 "),
    ],
)
def test_words(pattern: str, before: str) -> None:
    assert says(pattern, before)
    assert not says(pattern, before + "이 아니라 그 다음 사람의 것입니다 ")
    assert not says(pattern, "")


def test_a_word_inside_another_is_none() -> None:
    assert not says(context.PHONE, "saxophone ") and not says(context.CARD, "discard ")
    assert not says(context.LABELLED, "border ") and not says(context.IP, "ship ")
    assert not says(context.ACCOUNT_NUMBER, "on account of ") and not says(context.BANK, "우리 ")


def test_a_sentence_end_or_a_number_parts_an_account_from_its_word() -> None:
    assert not says(context.ACCOUNT_WORD, "계좌가 없다. 그래서 ") and not says(context.ACCOUNT_WORD, "계좌 1호 ")
