"""A page on this machine alone: HTTP on the loopback interface, behind a secret address."""

import hmac
import json
import secrets
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from curation.errors import InputError

from .desk import Desk

HOST = "127.0.0.1"
MOST_BODY = 4096  # bytes of a request's body; an answer has about a hundred
SECONDS = 60  # that a connection may stay silent
STATIC = Path(__file__).parent / "static"
FILES = {
    "": ("page.html", "text/html; charset=utf-8"),
    "review.css": ("review.css", "text/css; charset=utf-8"),
    "review.js": ("review.js", "text/javascript; charset=utf-8"),
}
# Nothing is loaded from elsewhere, no script runs but the page's own file, nobody frames the page or hears its address.
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none';"
        " form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class Refused(Exception):
    """A request that is not answered: a status and a sentence that repeats nothing of the request."""

    def __init__(self, status: HTTPStatus, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence


class Server(ThreadingHTTPServer):
    """The server of one reviewer's page; `serve_forever` runs it.

    Args:
        desk: what is shown and where answers go.
        port: 0 for any that is free.

    Raises:
        InputError: when the port is taken or not allowed.
    """

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, desk: Desk, port: int = 0) -> None:
        self.desk = desk
        self.token = secrets.token_urlsafe(24)
        try:
            super().__init__((HOST, port), Handler)
        except (OSError, OverflowError) as error:
            raise InputError(f"--port: {port} cannot be used ({error}), expected a free one, or 0 for any") from error
        self.names = tuple(f"{name}:{self.server_address[1]}" for name in (HOST, "localhost"))

    @property
    def url(self) -> str:
        """The address of the page, secret included."""
        return f"http://{self.names[0]}/{self.token}/"


class Handler(BaseHTTPRequestHandler):
    """Answers requests for the page, its rows and its answers; everything else is refused."""

    server: Server
    protocol_version = "HTTP/1.1"
    timeout = SECONDS

    def do_GET(self) -> None:
        """The page, its files, the queue, a row, or more of a text."""
        self._answered(self._get)

    def do_POST(self) -> None:
        """An answer."""
        self._answered(self._post)

    def _answered(self, respond: Callable[[list[str], dict[str, list[str]]], None]) -> None:
        try:
            respond(*self._path())
        except Refused as refused:
            self._refuse(refused.status, refused.sentence)
        except InputError as error:
            self._refuse(HTTPStatus.BAD_REQUEST, str(error))
        except (BrokenPipeError, ConnectionResetError, TimeoutError):
            self.close_connection = True  # the page was closed
        except OSError as error:
            self._refuse(HTTPStatus.INTERNAL_SERVER_ERROR, f"the answer was not saved: {error.strerror}")

    def _path(self) -> tuple[list[str], dict[str, list[str]]]:
        """Parts of the path after the secret, and the query.

        Raises:
            Refused: for another host's name, which a page elsewhere may have pointed here, or a wrong secret.
        """
        hosts = self.headers.get_all("Host") or []
        if len(hosts) != 1 or hosts[0].lower() not in self.server.names:
            raise Refused(HTTPStatus.MISDIRECTED_REQUEST, "this page is reached by its address on this machine only")
        path, _, query = self.path.partition("?")
        pieces = path.split("/")  # "", secret, ...
        secret = self.server.token.encode()
        if len(pieces) < 3 or pieces[0] or not hmac.compare_digest(pieces[1].encode("utf-8", "replace"), secret):
            raise Refused(HTTPStatus.FORBIDDEN, "wrong address: use the one that the terminal shows")
        return pieces[2:], parse_qs(query)

    def _get(self, path: list[str], query: dict[str, list[str]]) -> None:
        desk = self.server.desk
        match path:
            case [name] if name in FILES:
                file, kind = FILES[name]
                self._send(HTTPStatus.OK, (STATIC / file).read_bytes(), kind)
            case ["api", "queue"]:
                self._json(desk.queue())
            case ["api", "rows", number]:
                self._json(self._found(lambda: desk.row(_whole(number))))
            case ["api", "rows", number, "parts", part]:
                start = _whole(query.get("from", ["0"])[0])
                self._json({"text": self._found(lambda: desk.piece(_whole(number), _whole(part), start))})
            case _:
                raise Refused(HTTPStatus.NOT_FOUND, "nothing is here")

    def _found(self, look: Callable[[], Any]) -> Any:
        try:
            return look()
        except IndexError as error:
            raise Refused(HTTPStatus.NOT_FOUND, "no such row") from error

    def _post(self, path: list[str], _: dict[str, list[str]]) -> None:
        if path != ["api", "answers"]:
            raise Refused(HTTPStatus.NOT_FOUND, "nothing is here")
        self._same_origin()
        body = self._body()
        row, answer = body.get("row"), body.get("answer")
        if set(body) != {"row", "answer"} or not isinstance(row, str) or not isinstance(answer, str | None):
            raise Refused(HTTPStatus.BAD_REQUEST, "expected an object with row and answer")
        self._json({"saved": True, "answered": self.server.desk.answer(row, answer)})

    def _same_origin(self) -> None:
        """Refuse what another page makes a browser send. JSON cannot be sent across origins without asking first."""
        origin = self.headers.get("Origin")
        if origin is not None and origin not in [f"http://{name}" for name in self.server.names]:
            raise Refused(HTTPStatus.FORBIDDEN, "answers are taken from this page only")
        if self.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
            raise Refused(HTTPStatus.FORBIDDEN, "answers are taken from this page only")
        if self.headers.get_content_type() != "application/json":
            raise Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "expected application/json")

    def _body(self) -> dict[str, Any]:
        if self.headers.get("Transfer-Encoding") is not None or len(self.headers.get_all("Content-Length") or []) != 1:
            raise Refused(HTTPStatus.LENGTH_REQUIRED, "expected one Content-Length")
        length = _whole(self.headers["Content-Length"])
        if length > MOST_BODY:
            raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"expected at most {MOST_BODY} bytes")
        raw = self.rfile.read(length)
        if len(raw) < length:
            raise Refused(HTTPStatus.BAD_REQUEST, "the body ended early")
        try:
            body = json.loads(raw)
        except (ValueError, RecursionError) as error:
            raise Refused(HTTPStatus.BAD_REQUEST, "expected JSON") from error
        if not isinstance(body, dict):
            raise Refused(HTTPStatus.BAD_REQUEST, "expected a JSON object")
        return body

    def _json(self, value: Any) -> None:
        self._send(HTTPStatus.OK, json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"), "application/json")

    def _refuse(self, status: HTTPStatus, sentence: str) -> None:
        self.close_connection = True  # a body that was not read must not be taken for the next request
        self._send(status, json.dumps({"error": sentence}, ensure_ascii=False).encode(), "application/json")

    def _send(self, status: HTTPStatus, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def end_headers(self) -> None:
        """Every answer carries the headers that keep the page to itself, errors of the base class included."""
        for name, value in HEADERS.items():
            self.send_header(name, value)
        super().end_headers()

    def version_string(self) -> str:
        """Name the program, not the versions of what it runs on."""
        return "keepwise"

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: the terminal is for people, and the path holds the secret."""


def _whole(text: str) -> int:
    """A number without sign of at most nine digits.

    Raises:
        Refused: for anything else.
    """
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise Refused(HTTPStatus.BAD_REQUEST, "expected a whole number")
    return int(text)
