"""E-mail addresses as they are written, and what only looks like one."""

import polars as pl
import pytest

from curation import pii, tables


def replaced(text: str) -> str:
    frame = tables.complete(pl.DataFrame({"text": [text]}), tables.DOCUMENTS)
    return pii.replace(frame, ("email",)).rows["text"][0]


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
