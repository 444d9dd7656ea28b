"""Pseudonyms: one for one secret, in reserved ranges, another with another key, found again as what they are."""

import ipaddress

import polars as pl
import pytest

from curation import pii, tables
from curation.errors import InputError
from curation.pii import pseudonyms

KEY, OTHER = "a key for the tests only", "another key, also for tests"
SECRETS = {
    "email": "kim@example.co.kr",
    "phone": "010-1234-5678",
    "ip": "121.78.45.200",
    "resident_number": "800101-1000008",
    "business_number": "120-81-23456",
    "card": "4111 1111 1111 1111",
    "iban": "DE89 3704 0044 0532 0130 00",
    "account": "110-123-456789",
    "url_token": "a1b2c3d4e5",
    "api_key": "a8F3kLm29QzX7pW1a8F3",
}


def named(kind: str, value: str, key: str = KEY) -> str:
    return pseudonyms.pseudonyms(pl.DataFrame({"kind": [kind], "value": [value]}), key)[0]


def test_every_kind_has_one_that_is_known_again() -> None:
    assert set(SECRETS) == set(pii.KINDS)
    pattern = rf"^(?:{'|'.join(pseudonyms.WRITTEN)})$"
    for kind, secret in {**SECRETS, "ip": "2001:4860:4860::8888"}.items():
        written = named(kind, secret)
        assert written == named(kind, secret) != named(kind, secret, OTHER)
        assert pl.Series([written, f"<{kind.upper()}>"]).str.contains(pattern).all()
        assert named(kind, secret[:-1] + ("8" if secret[-1] == "9" else "9")) != written


def test_ranges_are_reserved() -> None:
    frame = pl.DataFrame({"kind": ["ip"] * 500, "value": [f"1.2.{n // 256}.{n % 256}" for n in range(500)]})
    written = pseudonyms.pseudonyms(frame, KEY)
    assert written.n_unique() == 500 and all(ipaddress.ip_address(each).is_reserved for each in written)
    assert ipaddress.ip_address(named("ip", "2001:4860:4860::8888")) in ipaddress.ip_network("2001:db8::/32")
    assert named("email", "a@b.kr").endswith("@example.org") and named("phone", "02-123-4567").startswith("+999-")


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [
        ("phone", "010-1234-5678", "+82 10 1234 5678"),
        ("phone", "01012345678", "82-10-1234-5678"),
        ("phone", "02-123-4567", "+82 (0)2-123-4567"),
        ("email", "Kim@Example.com", "kim@example.com"),
        ("card", "4111 1111 1111 1111", "4111111111111111"),
        ("iban", "DE89 3704 0044 0532 0130 00", "DE89370400440532013000"),
    ],
)
def test_ways_of_writing_are_one(kind: str, one: str, other: str) -> None:
    assert named(kind, one) == named(kind, other)


def test_a_key_is_asked_for_and_never_shown() -> None:
    for key in (None, "", "fifteen bytes.."):
        with pytest.raises(InputError, match="expected at least 16") as error:
            named("email", "a@b.kr", key)
        assert not key or key not in str(error.value)
    assert pseudonyms.fingerprint(KEY) == pseudonyms.fingerprint(KEY) != pseudonyms.fingerprint(OTHER)
    assert len(named("email", "a@b.kr", "k" * 1000)) > 10


def test_replacing_with_pseudonyms() -> None:
    text = "a@ex.kr or b@ex.kr, A@EX.KR; tel 010-1234-5678 = +82 10 1234 5678; https://e.com/?token=a1b2c3d4e5"
    frame = tables.complete(pl.DataFrame({"doc_id": ["d"], "text": [text]}), tables.DOCUMENTS)
    once = pii.replace(frame, style="pseudonym", key=KEY)
    one, two = named("email", "a@ex.kr"), named("email", "b@ex.kr")
    phone, token = named("phone", "010-1234-5678"), named("url_token", "a1b2c3d4e5")
    assert once.rows["text"][0] == f"{one} or {two}, {one}; tel {phone} = {phone}; https://e.com/?token={token}"
    assert pii.replace(once.rows, style="pseudonym", key=KEY).rows.equals(once.rows)
    assert pii.replace(once.rows).ledger.is_empty()
    written = once.ledger.write_csv()
    assert KEY not in written and "a@ex.kr" not in written and one not in written
    with pytest.raises(InputError):
        pii.replace(frame, style="pseudonym")
