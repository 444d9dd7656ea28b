"""Public addresses, in the places they stand in; what is private, reserved, a version or a section."""

import polars as pl
import pytest

from curation.pii import ip


def accepted(found: str, before: str = "", after: str = "") -> bool:
    return pl.DataFrame({"found": [found], "before": [before], "after": [after]}).select(ip.accepted()).item()


@pytest.mark.parametrize(
    "found", ["121.78.45.200", "45.33.32.156", "2001:4860:4860::8888", "2606:2800:220:1:248:1893:25c8:1946"]
)
def test_public(found: str) -> None:
    assert accepted(found) and accepted(found, "IP:", "입니다") and accepted(found, "(", ")")
    assert not accepted(found, "x") and not accepted(found, "", "x")


@pytest.mark.parametrize(
    "found",
    [
        "0.1.2.3",
        "10.1.2.3",
        "100.64.200.1",
        "127.0.0.1",
        "169.254.1.2",
        "172.16.200.1",
        "172.31.1.1",
        "192.0.2.1",
        "192.168.0.200",
        "198.18.0.1",
        "198.51.100.7",
        "203.0.113.9",
        "224.0.0.251",
        "240.1.2.3",
        "255.255.255.255",
        "256.1.2.3",
        "1.2.3.400",
        "01.200.3.4",
        "2001:db8::1",
        "2001::1::2",
        "2001:1:2:3:4:5:6:7:8",
        "2001:1:2:3",
        "3fff::1",
    ],
)
def test_not_public_or_no_address(found: str) -> None:
    assert not accepted(found, "IP: ")


def test_bounds_of_private_blocks() -> None:
    assert accepted("172.15.200.1") and accepted("172.32.200.1")
    assert accepted("100.63.200.1") and accepted("100.128.0.1") and accepted("198.17.0.1") and accepted("198.20.0.1")


def test_small_numbers_need_a_word_and_labels_exclude() -> None:
    assert not accepted("8.8.4.4") and accepted("8.8.4.4", "DNS server ") and accepted("8.8.4.4", "http://")
    assert not accepted("104.20.3.77", "version ") and not accepted("104.20.3.77", "", " 버전")
    assert (
        not accepted("96.0.200.110", "Chrome/")
        and not accepted("3.6.1.4", "1.")
        and not accepted("1.200.3.4", "", ".5")
    )
