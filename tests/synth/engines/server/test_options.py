"""Where a server is: addresses that are none, and keys that stay out of settings and errors."""

from typing import Any

import pytest

from curation.errors import InputError
from synth.engines.server import ServerOptions


@pytest.mark.parametrize(
    ("url", "base"),
    [("http://127.0.0.1:8000", "http://127.0.0.1:8000/v1"), ("http://host:8000/", "http://host:8000/v1"),
     ("https://host/v1/", "https://host/v1"), ("https://host/api/openai/v1", "https://host/api/openai/v1"),
     ("http://[::1]:8000/v1", "http://[::1]:8000/v1")],
)  # fmt: skip
def test_the_address_of_the_api(url: str, base: str) -> None:
    assert ServerOptions(url).base == base
    assert base.startswith(ServerOptions(url).host)


@pytest.mark.parametrize(
    "url",
    ["", "host:8000", "ftp://host/v1", "file:///etc/passwd", "http://", "http://host:port", "http://host:99999",
     "http://ho st", "http://host/v1\nX: 1", "//host/v1", "http://host:0/v1"],
)  # fmt: skip
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(InputError, match="^engine.url is no address of a server, expected one such as http://127"):
        ServerOptions(url)


@pytest.mark.parametrize("url", ["https://me:s3cret@host/v1", "https://s3cret@host", "https://host/v1?key=s3cret",
                                 "https://host/v1#s3cret"])  # fmt: skip
def test_an_address_with_a_secret_is_refused_without_quoting_it(url: str) -> None:
    with pytest.raises(InputError, match="^engine.url holds a ") as caught:
        ServerOptions(url)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    "settings",
    [{"concurrency": 0}, {"retries": -1}, {"timeout": 0}, {"timeout": float("nan")}, {"wait": -1.0},
     {"longest_wait": float("inf")}],
)  # fmt: skip
def test_other_settings_are_bounded(settings: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=f"^engine.{next(iter(settings))} is "):
        ServerOptions("http://host", **settings)


def test_the_key_is_read_from_its_variable_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_KEY", " sk-1 \n")
    options = ServerOptions("http://host", api_key_variable="A_KEY")
    assert options.key() == "sk-1"
    assert "sk-1" not in repr(options)
    assert ServerOptions("http://host").key() is None


@pytest.mark.parametrize("value", ["", "  ", "sk 1", "sk-1\r\nX-Other: 1", "sk-ключ"])
def test_a_key_that_cannot_be_sent_is_refused_without_quoting_it(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_KEY", value)
    with pytest.raises(InputError, match="^engine.api_key_variable: A_KEY ") as caught:
        ServerOptions("http://host", api_key_variable="A_KEY").key()
    assert "sk" not in str(caught.value)
