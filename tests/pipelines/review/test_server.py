"""The page over real HTTP: hostile texts stay text, and nobody else reads or writes."""

import http.client
import json
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from curation.errors import InputError
from pipelines.review import journal, main, server
from pipelines.review.desk import Desk
from pipelines.review.journal import Journal
from pipelines.review.server import Server

ROOT = Path(__file__).resolve().parents[3]
JSON = {"Content-Type": "application/json"}


class Client:
    """Requests to a server, as a browser or a stranger would make them."""

    def __init__(self, port: int, token: str) -> None:
        self.port = port
        self.token = token

    def ask(
        self, path: str, method: str = "GET", body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, bytes, dict[str, str]]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        connection.request(method, path, body, headers or {})
        response = connection.getresponse()
        answered = response.status, response.read(), {name.lower(): value for name, value in response.getheaders()}
        connection.close()
        return answered

    def get(self, path: str, **headers: str) -> tuple[int, bytes, dict[str, str]]:
        return self.ask(f"/{self.token}/{path}", headers=headers)

    def post(self, value: object, **headers: str) -> tuple[int, bytes, dict[str, str]]:
        return self.ask(f"/{self.token}/api/answers", "POST", json.dumps(value).encode(), {**JSON, **headers})

    def raw(self, request: bytes) -> bytes:
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as connection:
            connection.sendall(request)
            connection.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: connection.recv(65536), b""))


@pytest.fixture
def served(run: Path) -> Iterator[Client]:
    deck = main.open_run(run, None, {"size": 76})
    desk = Desk(deck, "ann", Journal(deck.folder / "answers/ann.jsonl"))
    running = Server(desk)
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield Client(running.server_address[1], running.token)
    running.shutdown()
    thread.join()
    running.server_close()
    desk.journal.close()


def saved(run: Path) -> dict[str, str]:
    answers = journal.read(run / "review/corpus/answers/ann.jsonl")
    return {row: answer.answer for row, answer in answers.items()}


def test_the_page_and_its_files(served: Client) -> None:
    for path, kind in (("", "text/html"), ("review.css", "text/css"), ("review.js", "text/javascript")):
        status, body, headers = served.get(path)
        assert status == 200 and headers["content-type"].startswith(kind) and body
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy and "script-src 'self'" in policy and "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy and "form-action 'none'" in policy
        assert headers["x-content-type-options"] == "nosniff" and headers["referrer-policy"] == "no-referrer"
        assert headers["cache-control"] == "no-store"
        assert "access-control-allow-origin" not in headers


def test_the_page_asks_nothing_of_the_network_and_reads_no_text_as_html() -> None:
    for file in server.STATIC.iterdir():
        text = file.read_text(encoding="utf-8")
        assert "http:" not in text and "https:" not in text and "//cdn" not in text, file.name
        for danger in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "srcdoc", "onclick="):
            assert danger not in text, f"{file.name}: {danger}"
    page = (server.STATIC / "page.html").read_text(encoding="utf-8")
    assert re.findall(r"<script[^>]*>", page) == ['<script src="review.js" defer>']
    assert "<style" not in page and "style=" not in page


def test_a_hostile_text_arrives_as_json_letter_for_letter(served: Client) -> None:
    rows = json.loads(served.get("api/queue")[1])["rows"]
    found = []
    for number in range(len(rows)):
        status, body, headers = served.get(f"api/rows/{number}")
        assert status == 200 and headers["content-type"] == "application/json"
        found += [part["text"] for part in json.loads(body)["parts"]]
    hostile = [text for text in found if "<script>" in text]
    assert hostile and all(text.startswith("</script><script>document.title") and "\u0000" in text for text in hostile)


def test_an_answer_is_on_disk_when_it_is_acknowledged(served: Client, run: Path) -> None:
    first, second = json.loads(served.get("api/queue")[1])["rows"][:2]
    for row, answer, count in ((first, "keep", 1), (second, "drop", 2), (first, "unsure", 2), (second, None, 1)):
        status, body, _ = served.post({"row": row, "answer": answer})
        assert (status, json.loads(body)) == (200, {"saved": True, "answered": count})
    assert saved(run) == {first: "unsure"}
    assert json.loads(served.get("api/queue")[1])["answers"] == {first: "unsure"}


@pytest.mark.parametrize("path", ["/", "/wrong/", "/wrong/api/queue", "//evil/", "http://evil/", "/..", "/%2e/", "/é/"])
def test_without_the_secret_nothing_is_shown(served: Client, path: str) -> None:
    request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{served.port}\r\nConnection: close\r\n\r\n"
    answered = served.raw(request.encode("latin-1"))
    assert answered.startswith(b"HTTP/1.1 403") and b"evil" not in answered and b"wrong/" not in answered
    nearly = served.token[:-1] + ("a" if served.token[-1] != "a" else "b")
    assert served.ask(f"/{nearly}/api/queue")[0] == 403


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:{port}", "127.0.0.1", "localhost:1", "", "127.0.0.1.evil:{port}"]
)
def test_another_hosts_name_is_refused(served: Client, host: str) -> None:
    status, body, _ = served.get("api/queue", Host=host.format(port=served.port))
    assert status == 421 and b"rows" not in body
    row = json.loads(served.get("api/queue", Host=f"LOCALHOST:{served.port}")[1])["rows"][0]
    assert served.post({"row": row, "answer": "keep"}, Host=host.format(port=served.port))[0] == 421


def test_no_host_or_two_are_refused(served: Client) -> None:
    for hosts in ("", f"Host: 127.0.0.1:{served.port}\r\nHost: evil\r\n"):
        request = f"GET /{served.token}/api/queue HTTP/1.1\r\n{hosts}Connection: close\r\n\r\n"
        assert served.raw(request.encode()).startswith(b"HTTP/1.1 421")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 415),
    ],
)
def test_what_another_page_makes_a_browser_send_is_refused(
    served: Client, run: Path, headers: dict[str, str], status: int
) -> None:
    row = json.loads(served.get("api/queue")[1])["rows"][0]
    assert served.post({"row": row, "answer": "keep"}, **headers)[0] == status
    assert saved(run) == {}
    own = {"Origin": f"http://127.0.0.1:{served.port}", "Sec-Fetch-Site": "same-origin"}
    assert served.post({"row": row, "answer": "keep"}, **own)[0] == 200


def test_bodies_have_limits(served: Client, run: Path) -> None:
    assert served.post({"row": "x" * 5000, "answer": "keep"})[0] == 413
    host = f"Host: 127.0.0.1:{served.port}\r\nContent-Type: application/json\r\n"
    start = f"POST /{served.token}/api/answers HTTP/1.1\r\n{host}"
    for rest, status in (
        ("\r\n", 411),
        ("Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", 411),
        ("Content-Length: -1\r\n\r\n", 400),
        ("Content-Length: 99999999999999\r\n\r\n", 400),
        ("Content-Length: 5000\r\n\r\n{}", 413),
        ("Content-Length: 50\r\n\r\n{}", 400),
        ("Content-Length: 2\r\nContent-Length: 3\r\n\r\n{} ", 411),
    ):
        answered = served.raw((start + rest).encode())
        assert answered.startswith(f"HTTP/1.1 {status}".encode()), (rest, answered[:60])
        assert answered.count(b"HTTP/1.1 ") == 1  # what follows is not taken for another request
    assert saved(run) == {}


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"{}", b'{"row": 1, "answer": "keep"}', b'{"row": "a", "answer": "keep", "more": 1}',
             b'{"row": "a", "answer": 1}', b"\xff\xfe", b"[" * 4000, b'{"row": "unknown", "answer": "keep"}']
)  # fmt: skip
def test_bodies_of_another_form_are_refused(served: Client, run: Path, body: bytes) -> None:
    status, answered, _ = served.ask(f"/{served.token}/api/answers", "POST", body, JSON)
    assert status == 400 and "error" in json.loads(answered)
    assert saved(run) == {}


@pytest.mark.parametrize(
    ("path", "status"),
    [("api/rows/76", 404), ("api/rows/-1", 400), ("api/rows/1e3", 400), ("api/rows/9999999999", 400), ("nothing", 404),
     ("../../page.html", 404), ("api/rows/0/parts/9", 404), ("api/rows/0/parts/0?from=x", 400), ("api/answers", 404)],
)  # fmt: skip
def test_paths_that_are_not_there(served: Client, path: str, status: int) -> None:
    assert served.get(path)[0] == status


def test_other_methods_and_broken_requests_say_nothing_of_themselves(served: Client) -> None:
    for request in (
        f"PUT /{served.token}/ HTTP/1.1\r\n\r\n",
        "<script>\r\n\r\n",
        "GET /" + "a" * 70000 + " HTTP/1.1\r\n\r\n",
    ):
        answered = served.raw(request.encode())
        assert b"<script>" not in answered and served.token.encode() not in answered
    assert served.ask(f"/{served.token}/api/answers", "OPTIONS")[0] == 501


def test_it_listens_on_the_loopback_interface_alone(served: Client) -> None:
    assert server.HOST == "127.0.0.1"
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.2", served.port), timeout=2)


def test_a_taken_port_is_said(served: Client, run: Path) -> None:
    deck = main.open_run(run, None, {})
    desk = Desk(deck, "ben", Journal(deck.folder / "answers/ben.jsonl"))
    for port in (served.port, 70000):
        with pytest.raises(InputError, match=f"--port: {port} cannot be used"):
            Server(desk, port)


SERVE = (
    "import sys\n"
    "from pathlib import Path\n"
    "from pipelines.review import main\n"
    "deck = main.open_run(Path(sys.argv[1]), None, {})\n"
    "main.sit(deck, main.Sitting(reviewer='ann'), lambda line: print(line, flush=True))\n"
    "main.tell(deck, sys.argv[1], print)\n"
)


def start(run: Path) -> tuple[subprocess.Popen[str], Client, list[str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", SERVE, str(run)], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    said = [process.stdout.readline() for _ in range(3)]
    address = said[1].split()[1]
    return process, Client(int(address.split("/")[2].split(":")[1]), address.split("/")[3]), said


def test_a_killed_server_has_lost_no_acknowledged_answer_and_goes_on_where_it_stopped(run: Path) -> None:
    process, client, said = start(run)
    order = json.loads(client.get("api/queue")[1])["rows"]
    for row in order[:20]:
        assert client.post({"row": row, "answer": "keep"})[0] == 200
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert "0 of them answered" in said[0]
    process, client, said = start(run)
    assert f"{len(order)} rows for ann, 20 of them answered." in said[0]
    queue = json.loads(client.get("api/queue")[1])
    assert queue["rows"] == order and queue["history"] == order[:20]
    process.send_signal(signal.SIGINT)
    shown, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert "kept rows that people would keep" in shown
    assert json.loads((run / "review/corpus/agreement.json").read_text())["reviewers"][0]["answers"] == {"keep": 20}


@pytest.mark.skipif(shutil.which("chromium") is None, reason="no chromium")
def test_a_browser_runs_no_script_of_a_text(tmp_path: Path, make_run, served: Client) -> None:
    hostile = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>Mark of the text"
    make_run(tmp_path / "h", [(hostile, None, 9.0)])
    deck = main.open_run(tmp_path / "h", None, {})
    running = Server(Desk(deck, "ann", Journal(deck.folder / "answers/ann.jsonl")))
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}"]
        command += ["--virtual-time-budget=4000", "--dump-dom", running.url]
        seen = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout
    finally:
        running.shutdown()
        thread.join()
        running.server_close()
    assert "Mark of the text" in seen and "&lt;img src=x onerror=" in seen
    assert "<title>Keepwise review</title>" in seen
