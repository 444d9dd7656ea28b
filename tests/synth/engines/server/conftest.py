"""A real HTTP server on the loopback whose replies a test makes, and the engine asked through it."""

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from pipelines.child import die_with_parent
from synth.engines.server import ServerEngine, ServerOptions

CARD = {"id": "served", "object": "model", "owned_by": "someone"}


@dataclass
class Reply:
    """A reply as bytes. Without `whole` the connection ends before its stated length is reached."""

    status: int = 200
    body: Any = b""
    headers: dict[str, str] = field(default_factory=dict)
    whole: bool = True


@dataclass
class Asked:
    path: str
    headers: dict[str, str]
    body: Any


def said(text: str, finish: str = "stop") -> dict[str, Any]:
    """The reply of a conversation."""
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": finish}
    return {"choices": [choice], "usage": {"prompt_tokens": 7, "completion_tokens": 3}}


def echo(asked: Asked) -> Any:
    """A model that says what it was asked, upside down."""
    return said(asked.body["messages"][-1]["content"][::-1])


class Scripted:
    """The server. `rules` are by path; one gets what was asked and gives a reply, or writes to the handler itself."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.rules: dict[str, Callable[[Asked], Any]] = {
            "/v1/models": lambda _: {"data": [CARD]},
            "/v1/chat/completions": echo,
        }
        scripted = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self) -> None:
                self._serve(None)

            def do_POST(self) -> None:
                self._serve(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

            def _serve(self, body: Any) -> None:
                asked = Asked(self.path, dict(self.headers), body)
                scripted.asked.append(asked)
                rule = scripted.rules.get(self.path)
                made = Reply(404, {"error": {"message": "no such path"}}) if rule is None else rule(asked)
                try:
                    made(self) if callable(made) else self._write(made if isinstance(made, Reply) else Reply(200, made))
                except OSError:  # the other side has had enough
                    self.close_connection = True

            def _write(self, reply: Reply) -> None:
                raw = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
                self.send_response(reply.status)
                headers = {"Content-Length": str(len(raw) + (0 if reply.whole else 50)), **reply.headers}
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(raw)
                self.close_connection = not reply.whole

            def log_message(self, *arguments: Any) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def posts(self) -> list[Asked]:
        """What was asked of the model."""
        return [one for one in self.asked if one.body is not None]

    def close(self) -> None:
        """Take no more connections."""
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def scripted() -> Iterator[Scripted]:
    server = Scripted()
    yield server
    server.close()


@pytest.fixture(scope="session")
def reply() -> type[Reply]:
    return Reply


@pytest.fixture(scope="session", name="said")
def _said() -> Callable[..., dict[str, Any]]:
    return said


@pytest.fixture
def open_scripted(scripted: Scripted) -> Iterator[Callable[..., ServerEngine]]:
    """Open an engine that is patient for a few hundredths of a second; what opening it asked is forgotten."""
    opened: list[ServerEngine] = []

    def make(**settings: Any) -> ServerEngine:
        quick = {"wait": 0.01, "longest_wait": 0.05, "retries": 2, "timeout": 5.0, **settings}
        opened.append(ServerEngine("no folder", None, ServerOptions(scripted.url, **quick)))
        scripted.asked.clear()
        return opened[-1]

    yield make
    for engine in opened:
        engine.close()


@pytest.fixture(scope="module")
def start_vllm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., str]]:
    """Starts vLLM's own server for a model folder, under the name `seed`; returns its address."""
    processes: list[subprocess.Popen[bytes]] = []

    def start(model: Path, length: int, *arguments: str) -> str:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        log = tmp_path_factory.mktemp("server") / "log"
        command = [sys.executable, "-m", "vllm.entrypoints.openai.api_server", "--model", str(model)]
        command += ["--host", "127.0.0.1", "--port", str(port), "--served-model-name", "seed", "--dtype", "float32"]
        command += ["--max-model-len", str(length), "--enforce-eager", "--no-enable-chunked-prefill"]
        command += ["--max-num-batched-tokens", "4096", "--kv-cache-memory-bytes", str(1 << 27), *arguments]
        settings = {
            "VLLM_CPU_OMP_THREADS_BIND": "nobind",
            "OMP_NUM_THREADS": "1",
            "VLLM_ENABLE_V1_MULTIPROCESSING": "1",
        }
        with log.open("wb") as out:
            processes.append(subprocess.Popen(command, stdout=out, stderr=out, env=os.environ | settings,
                                              preexec_fn=die_with_parent))  # fmt: skip
        for _ in range(1400):
            try:
                if httpx.get(f"http://127.0.0.1:{port}/health", trust_env=False).is_success:
                    return f"http://127.0.0.1:{port}/v1"
            except httpx.HTTPError:
                assert processes[-1].poll() is None, log.read_text()[-3000:]
            time.sleep(0.3)
        raise AssertionError(log.read_text()[-3000:])

    yield start
    for process in processes:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
