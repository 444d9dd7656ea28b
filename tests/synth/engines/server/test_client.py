"""What a client says of errors and never says: the key. More of what it does is in test_misbehaving."""

import json
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from curation.errors import InputError
from curation.model import Request, Sampling
from synth.engines import cached
from synth.engines.server import ServerEngine, ServerOptions

CHAT = "/v1/chat/completions"
KEY = "sk-very-secret-1"
ASK = Request("r", (("user", "ask"),), Sampling(8))


def test_the_key_goes_to_the_server_and_into_no_file_error_or_name(
    scripted: Any, open_scripted: Callable[..., Any], reply: Any, said: Any, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    caplog.set_level("DEBUG")
    monkeypatch.setenv("A_KEY", KEY)
    engine = open_scripted(api_key_variable="A_KEY")
    replies = iter([said("yes"), said(f"your key is {KEY}"), reply(400, {"error": {"message": f"bad {KEY}"}}),
                    reply(400, f"<p>{KEY}".encode()), reply(500, KEY.encode()), reply(500), reply(500)])  # fmt: skip
    scripted.rules[CHAT] = lambda asked: next(replies)
    kept = cached(engine, tmp_path / "cache.sqlite")
    asks = [Request(f"r{place}", (("user", f"ask {place}"),), Sampling(8)) for place in range(5)]
    responses = [next(kept.generate([ask])) for ask in asks]
    assert [one.error for one in responses] == [
        None, "the server's reply holds the key that it was sent, which must not be kept", "HTTP 400 (bad [key])",
        "HTTP 400 (<p>[key])", "HTTP 500 after 3 tries",
    ]  # fmt: skip
    scripted.rules[CHAT] = lambda asked: reply(401, {"error": f"Incorrect API key provided: {KEY}"})
    with pytest.raises(
        InputError, match=r"HTTP 401 \(Incorrect API key provided: \[key\]\), expected a valid key in A_"
    ):
        list(kept.generate([ASK]))
    assert {one.headers["Authorization"] for one in scripted.asked} == {f"Bearer {KEY}"}
    kept.close()
    written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert written and KEY.encode() not in written
    for text in (
        engine.name,
        engine.setting,
        engine.fingerprint,
        repr(engine.server),
        repr(engine.served),
        caplog.text,
    ):
        assert KEY not in text
    assert KEY not in json.dumps(engine.sent(engine.prompt(ASK)))


def test_a_short_key_is_no_secret_and_may_stand_in_an_answer(
    scripted: Any, open_scripted: Callable[..., Any], said: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("A_KEY", "EMPTY")
    engine = open_scripted(api_key_variable="A_KEY")
    scripted.rules[CHAT] = lambda asked: said("EMPTY")
    assert next(engine.generate([ASK])).text == "EMPTY"


def test_proxies_and_password_files_of_the_environment_are_not_used(
    scripted: Any, open_scripted: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password s3cret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert next(open_scripted().generate([ASK])).text == "ksa"
    assert "Authorization" not in scripted.posts()[0].headers


def test_nobody_there_is_said_after_all_tries() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(InputError, match=f"^{address}: no connection .* after 3 tries, expected a server there: start"):
        ServerEngine("m", None, ServerOptions(address, retries=2, wait=0.01))


def test_a_certificate_that_nobody_signed_is_not_trusted(tmp_path: Path) -> None:
    key, signed = tmp_path / "key", tmp_path / "cert"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", signed, "-subj",
                    "/CN=localhost", "-days", "2"], check=True, capture_output=True)  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(signed, key)
    listening = socket.create_server(("127.0.0.1", 0))
    seen: list[str] = []

    def accept() -> None:
        connection, _ = listening.accept()
        try:
            context.wrap_socket(connection, server_side=True)
            seen.append("spoke")
        except OSError:
            seen.append("refused")

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    with pytest.raises(InputError, match="its TLS certificate is not trusted .*name its authority in SSL_CERT_FILE"):
        ServerEngine("m", None, ServerOptions(f"https://127.0.0.1:{listening.getsockname()[1]}"))
    thread.join(10)
    listening.close()
    assert len(seen) == 1
