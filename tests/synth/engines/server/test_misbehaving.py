"""A server that fails in every way: what passes is tried again, what does not is refused, nothing answered is lost."""

import email.utils
import itertools
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from curation.errors import InputError
from curation.model import Request, Response, Sampling
from synth.engines.server import Kept, client
from synth.engines.server.failures import Failure

CHAT = "/v1/chat/completions"
Open = Callable[..., Any]


def requests(count: int) -> list[Request]:
    return [Request(f"r{place}", (("user", f"ask {place}"),), Sampling(8)) for place in range(count)]


def in_turn(*replies: Any) -> Callable[[Any], Any]:
    """Replies one after the other, the last one for good."""
    waiting = itertools.chain(replies, itertools.repeat(replies[-1]))
    return lambda asked: next(waiting)


def one(engine: Any) -> Response:
    (response,) = engine.generate(requests(1))
    return response


def test_a_good_server_is_asked_once_a_request(scripted: Any, open_scripted: Open) -> None:
    responses = list(open_scripted(concurrency=3).generate(requests(20)))
    assert responses == [Response(f"r{n}", 0, f"ask {n}"[::-1], (), "stop", 7) for n in range(20)]
    assert len(scripted.posts()) == 20


@pytest.mark.parametrize("status", [408, 409, 425, 429, 500, 502, 503, 504, 529])
def test_what_may_pass_is_tried_again(scripted: Any, open_scripted: Open, reply: Any, said: Any, status: int) -> None:
    engine = open_scripted()
    scripted.rules[CHAT] = in_turn(reply(status), reply(status, b"<html>"), said("right"))
    assert one(engine).text == "right"
    assert len(scripted.posts()) == 3
    assert len({str(asked.body) for asked in scripted.posts()}) == 1


def hang(handler: Any) -> None:
    time.sleep(1.0)
    handler.close_connection = True


def drip(handler: Any) -> None:
    """A body without an end, slowly."""
    handler.send_response(200)
    handler.end_headers()
    for _ in range(40):
        handler.wfile.write(b" ")
        handler.wfile.flush()
        time.sleep(0.05)
    handler.close_connection = True


def flood(handler: Any) -> None:
    """The same, fast."""
    handler.send_response(200)
    handler.end_headers()
    for _ in range(200):
        handler.wfile.write(b" " * (1 << 20))
    handler.close_connection = True


def test_hangs_end_at_the_time_limit(scripted: Any, open_scripted: Open, said: Any) -> None:
    engine = open_scripted(timeout=0.2)
    scripted.rules[CHAT] = in_turn(hang, drip, said("right"))
    assert one(engine).text == "right"
    scripted.rules[CHAT] = lambda asked: drip
    response = one(engine)
    assert (response.finish_reason, response.error) == ("refused", "no complete reply within 0.2 seconds after 3 tries")


def test_a_reply_without_an_end_is_not_read_to_its_end(scripted: Any, open_scripted: Open) -> None:
    engine = open_scripted()
    scripted.rules[CHAT] = lambda asked: flood
    assert one(engine).error == f"a reply of more than {client.MAX_BYTES} bytes"
    assert len(scripted.posts()) == 1


@pytest.mark.parametrize(
    "bad",
    [b"", b'{"choices": [', b"[1]", b"null", b'{"choices": NaN}', b"[" * 100_000, b"\xff\xfe", b"<html>",
     {"choices": []}, {"choices": [{}, {}]}, {"choices": {"0": 1}}, {"error": {"message": "busy"}},
     {"choices": [{"message": {"content": 5}, "finish_reason": "stop"}]},
     {"choices": [{"message": {"content": "x"}, "finish_reason": None}]},
     {"choices": [{"message": {"content": "\ud800"}, "finish_reason": "stop"}]},
     {"choices": [{"message": {"content": "x"}, "finish_reason": "stop", "token_ids": [-1]}]},
     {"choices": [{"message": {"content": "x"}, "finish_reason": "stop", "token_ids": list(range(9))}]}],
)  # fmt: skip
def test_a_reply_of_another_form_is_tried_again_and_then_refused(
    scripted: Any, open_scripted: Open, reply: Any, said: Any, bad: Any
) -> None:
    engine = open_scripted()
    scripted.rules[CHAT] = in_turn(reply(200, bad), reply(200, bad), said("right"))
    assert one(engine).text == "right"
    scripted.rules[CHAT] = lambda asked: reply(200, bad)
    response = one(engine)
    assert (response.finish_reason, response.text, response.token_ids) == ("refused", "", ())
    assert "a reply" in str(response.error) and str(response.error).endswith("after 3 tries")


def test_a_reply_cut_short_is_tried_again(scripted: Any, open_scripted: Open, reply: Any, said: Any) -> None:
    engine = open_scripted()
    scripted.rules[CHAT] = in_turn(reply(200, said("half"), whole=False), said("right"))
    assert one(engine).text == "right"


@pytest.mark.parametrize("status", [400, 413, 422])
def test_a_request_that_is_at_fault_is_refused_alone(
    scripted: Any, open_scripted: Open, reply: Any, said: Any, status: int
) -> None:
    engine = open_scripted()
    bad = reply(status, {"error": {"message": "too\nlong"}})
    scripted.rules[CHAT] = lambda asked: bad if "ask 2" in str(asked.body) else said("right")
    responses = list(engine.generate(requests(4)))
    assert [one.text for one in responses] == ["right", "right", "", "right"]
    assert responses[2].error == f"HTTP {status} (too long)"
    assert len(scripted.posts()) == 4


@pytest.mark.parametrize("finish", ["content_filter", "tool_calls", "error"])
def test_an_answer_that_the_server_ended_is_refused(scripted: Any, open_scripted: Open, said: Any, finish: str) -> None:
    engine = open_scripted()
    scripted.rules[CHAT] = lambda asked: said("half", finish)
    assert one(engine).error == f"the server ended the answer with '{finish}', expected stop or length"


@pytest.mark.parametrize(
    ("status", "expected"),
    [(401, "expected a key: name its variable in api_key_variable"), (403, "expected a key"),
     (404, "correct engine.url or engine.model_name"), (405, "correct engine.url"),
     (501, "correct engine.url"), (505, "correct engine.url"), (307, "a redirect")],
)  # fmt: skip
def test_what_no_request_will_survive_stops_at_once(
    scripted: Any, open_scripted: Open, reply: Any, status: int, expected: str
) -> None:
    engine = open_scripted(concurrency=1)
    scripted.rules[CHAT] = lambda asked: reply(status, headers={"Location": "http://127.0.0.1:9/v1"})
    with pytest.raises(InputError, match=f"^http://127.0.0.1:[0-9]+: HTTP {status}.*{expected}"):
        list(engine.generate(requests(5)))
    assert len(scripted.posts()) == 1


def test_a_redirect_does_not_get_the_key(
    scripted: Any, open_scripted: Open, reply: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("A_KEY", "sk-very-secret-1")
    engine = open_scripted(api_key_variable="A_KEY")
    other = type(scripted)()
    scripted.rules[CHAT] = lambda asked: reply(302, headers={"Location": f"{other.url}/chat/completions"})
    with pytest.raises(InputError, match="a redirect, which is not followed"):
        one(engine)
    assert scripted.posts()[0].headers["Authorization"] == "Bearer sk-very-secret-1"
    assert other.asked == []
    other.close()


def test_the_servers_wait_is_kept_and_bounded(open_scripted: Open) -> None:
    engine = open_scripted(wait=1.0, longest_wait=20.0)
    pause = engine._client.pause
    assert [pause(Failure("", wait), 1, 0.0) for wait in (0.0, 3.0, 19.0, 3600.0)] == [0.0, 3.0, 19.0, 20.0]
    assert [pause(Failure(""), tried, 1.0) for tried in range(1, 8)] == [1, 2, 4, 8, 16, 20, 20]
    assert pause(Failure(""), 3, 0.0) == 2.0
    assert pause(Failure(""), 5000, 0.5) == 20.0


@pytest.mark.parametrize(
    ("header", "least", "most"),
    [("3", 3, 3), ("0", 0, 0), ("-5", 0, 0), ("soon", None, None), ("9" * 50, 1e9, 1e9), (None, None, None),
     ("a date in 100 seconds", 50, 101), ("Wed, 21 Oct 2015 07:28:00 GMT", 0, 0)],
)  # fmt: skip
def test_a_wait_is_a_number_or_a_date(header: str | None, least: float | None, most: float | None) -> None:
    if header == "a date in 100 seconds":  # made here: tests are named before they run, and alike in every process
        header = email.utils.formatdate(time.time() + 100, usegmt=True)
    found = client._asked_wait(header)
    assert found is most or (found is not None and least is not None and most is not None and least <= found <= most)


def test_429_waits_as_long_as_the_server_says(scripted: Any, open_scripted: Open, reply: Any, said: Any) -> None:
    engine = open_scripted(longest_wait=30.0)
    waited: list[float] = []
    pause = engine._client.pause

    def noting(failure: Failure, tried: int, drawn: float) -> float:
        waited.append(pause(failure, tried, 0.0))
        return 0.0

    engine._client.pause = noting
    scripted.rules[CHAT] = in_turn(reply(429, headers={"Retry-After": "17"}), reply(503, headers={"Retry-After": "90"}),
                                   said("right"))  # fmt: skip
    assert one(engine).text == "right"
    assert waited == [17.0, 30.0]


def test_pauses_are_spread_by_what_is_sent(scripted: Any, open_scripted: Open, reply: Any) -> None:
    """Requests that fail together do not come back together, and a run that is repeated waits as it did."""
    drawn: list[float] = []
    engine = open_scripted(concurrency=1)
    pause = engine._client.pause

    def noting(failure: Failure, tried: int, draw: float) -> float:
        drawn.append(draw)
        return pause(failure, tried, draw)

    engine._client.pause = noting
    scripted.rules[CHAT] = lambda asked: reply(500)
    for _ in range(2):
        list(engine.generate(requests(2)))
    assert drawn[:4] == drawn[4:] and len(set(drawn)) == 4


def test_a_server_that_is_gone_stops_the_run_and_keeps_what_it_answered(
    scripted: Any, open_scripted: Open, tmp_path: Path
) -> None:
    engine = open_scripted(concurrency=1)
    kept = Kept(engine, tmp_path / "cache.sqlite", chunk=50)
    answer = scripted.rules[CHAT]

    def dying(asked: Any) -> Any:
        if len(scripted.posts()) > 30:
            scripted.close()
            return lambda handler: setattr(handler, "close_connection", True)
        return answer(asked)

    scripted.rules[CHAT] = dying
    with pytest.raises(InputError, match=r"^http://127.0.0.1:[0-9]+: .* after 3 tries, and .*: start the server"):
        list(kept.generate(requests(40)))
    assert kept.generated == 30
    kept.close()


def test_a_server_that_answers_nothing_stops_the_run(scripted: Any, open_scripted: Open, reply: Any) -> None:
    """It lists its models, but every request is given up."""
    engine = open_scripted(concurrency=1, retries=1)
    scripted.rules[CHAT] = lambda asked: reply(500, {"error": "overloaded"})
    said = rf"HTTP 500 \(overloaded\); {client.PATIENCE} requests in a row were given up after 2 tries each"
    with pytest.raises(InputError, match=said):
        list(engine.generate(requests(100)))
    assert len(scripted.posts()) == 2 * client.PATIENCE


def test_refusals_show_that_a_server_is_there(scripted: Any, open_scripted: Open, reply: Any) -> None:
    engine = open_scripted(concurrency=1, retries=0)
    statuses = itertools.cycle([500] * (client.PATIENCE - 1) + [400])
    scripted.rules[CHAT] = lambda asked: reply(next(statuses))
    responses = list(engine.generate(requests(4 * client.PATIENCE)))
    assert [one.error for one in responses] == (["HTTP 500 after 1 try"] * (client.PATIENCE - 1) + ["HTTP 400"]) * 4


def test_requests_that_fail_among_others_are_refused_and_the_rest_answered(
    scripted: Any, open_scripted: Open, reply: Any
) -> None:
    engine = open_scripted(concurrency=2, retries=1)
    answer = scripted.rules[CHAT]

    def every_other(asked: Any) -> Any:
        return reply(500) if int(asked.body["messages"][0]["content"][4:]) % 2 else answer(asked)

    scripted.rules[CHAT] = every_other
    responses = list(engine.generate(requests(60)))
    assert [one.finish_reason for one in responses] == ["stop", "refused"] * 30
    assert {one.error for one in responses} == {None, "HTTP 500 after 2 tries"}


def test_a_packed_reply_is_refused(scripted: Any, open_scripted: Open, reply: Any) -> None:
    """A few bytes could be unpacked to any number of them."""
    engine = open_scripted()
    scripted.rules[CHAT] = lambda asked: reply(200, b"\x1f\x8b", headers={"Content-Encoding": "gzip"})
    assert one(engine).error == "a packed reply, though none was asked for"
    assert scripted.posts()[0].headers["Accept-Encoding"] == "identity"
