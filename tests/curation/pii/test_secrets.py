"""Keys and tokens by prefix, by word and entropy, in addresses; what stays around them."""

import base64
import random

import polars as pl
import pytest

from curation import pii, tables

KINDS = ("url_token", "api_key")


def replaced(*texts: str) -> list[str]:
    frame = tables.complete(pl.DataFrame({"text": texts}), tables.DOCUMENTS)
    return pii.replace(frame, KINDS).rows["text"].to_list()


def drawn(length: int, seed: int = 0) -> str:
    """A random text as keys are; made here, so that no scanner takes it for a leaked one."""
    return base64.b32encode(random.Random(seed).randbytes(length)).decode()[:length]


def test_by_prefix_anywhere_but_in_a_longer_word() -> None:
    key = "AKIA" + drawn(16)
    assert replaced(key, f"({key})", f"키는{key}입니다", f"x{key}", f"{key}x", "AKIA" + "A" * 16) == [
        "<API_KEY>", "(<API_KEY>)", "키는<API_KEY>입니다", f"x{key}", f"{key}x", "AKIA" + "A" * 16,
    ]  # fmt: skip


@pytest.mark.parametrize(
    "before",
    [
        "api_key = '",
        "SECRET_KEY=",
        "x-api-key: ",
        "Authorization: Bearer ",
        "API 키는 ",
        "인증키: ",
        '"accessToken":"',
        "비밀번호 ",
    ],
)
def test_after_a_word_for_a_key(before: str) -> None:
    value = "a8F3kLm29QzX7pW1" + drawn(8)
    before = before.replace("accessT", "access_t")
    assert replaced(before + value) == [before + "<API_KEY>"]
    for word in (
        "perseverance-and-consistency",
        "get_value_from_environment",
        "2024-01-31T12:34:56.789",
        "YOUR_API_KEY_123456",
        "1" * 24,
    ):
        assert replaced(before + word) == [before + word]


def test_a_word_for_a_key_inside_another_is_none() -> None:
    text = "monkey=a8F3kLm29QzX7pW1a8F3 hash a8F3kLm29QzX7pW1a8F3 kms:key/1234abcd-12ab-34cd-56ef"
    assert replaced(text) == [text]


def test_in_addresses_the_secret_alone_goes() -> None:
    assert replaced(
        "https://e.com/?id=1&token=a1b2c3d4e5.",
        "see www.e.com/x#access_token=a1b2c3d4e5&y=2",
        "git clone https://hong:pa55@e.com/a",
        "redis://:pa55@e.com:6379",
        "https://e.com/?token=YOUR_TOKEN1 /?token=a1b2c3d4e5 https://hong@e.com //a:b12@c",
    ) == [
        "https://e.com/?id=1&token=<URL_TOKEN>.",
        "see www.e.com/x#access_token=<URL_TOKEN>&y=2",
        "git clone https://<URL_TOKEN>@e.com/a",
        "redis://<URL_TOKEN>@e.com:6379",
        "https://e.com/?token=YOUR_TOKEN1 /?token=a1b2c3d4e5 https://hong@e.com //a:b12@c",
    ]


def test_private_keys_whole_and_cut_off() -> None:
    body = "\n".join(drawn(64, seed) for seed in range(4))
    for kind in ("", "RSA ", "OPENSSH ", "ENCRYPTED "):
        begin, end = f"-----BEGIN {kind}PRIVATE KEY-----", f"-----END {kind}PRIVATE KEY-----"
        header = "\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,0A\n"
        assert replaced(f"a {begin}\n{body}\n{end} b", f"{begin}{header}\n{body}\n{end}") == [
            "a <API_KEY> b",
            "<API_KEY>",
        ]
        assert replaced(f"{begin}\\n{drawn(64)}\\n{end}", f"{begin}\n{body}") == ["<API_KEY>", "<API_KEY>"]
        prose = f"A file begins with {begin} and a line break."
        assert replaced(prose, f"{begin}\n...\n{end}") == [prose, f"{begin}\n...\n{end}"]
    public = f"-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----"
    assert replaced(public) == [public]
