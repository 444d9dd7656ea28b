"""One request over HTTP: bounded in time and size, retried where that can help, and the key kept to its host."""

import asyncio
import contextlib
import datetime
import email.utils
import json
import random
import ssl
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import httpx

from curation import tables
from curation.errors import InputError

from .failures import Absent, Failure, Refusal
from .options import ServerOptions

MAX_BYTES = 1 << 25  # of one reply: the log-probabilities of 100 000 tokens are 12 MB
PATIENCE = 8  # requests given up one after the other, none answered between them, after which the run stops
REFUSED = (400, 413, 422)  # the request is at fault
PASSING = (408, 409, 425, 429)  # and 500 to 599: the server is, for now
_NEVER = (501, 505)
_CONNECT = 10.0  # seconds
_QUOTED = 300  # characters of a server's own words
_SECRET = 8  # characters: a shorter key is no secret (many servers take "EMPTY"), and may stand in any text
T = TypeVar("T")


class Client:
    """Connections to a server, all used from one event loop."""

    def __init__(self, options: ServerOptions) -> None:
        """Read the key and check the address; nothing is sent yet.

        Proxies and password files of the environment are not used: the key goes to the named host and nowhere else.

        Raises:
            InputError: when the key's variable is not set.
        """
        self.options = options
        self._key = options.key()
        headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
        if self._key is not None:
            headers["Authorization"] = f"Bearer {self._key}"
        self._http = httpx.AsyncClient(
            headers=headers,
            follow_redirects=False,
            trust_env=False,
            verify=httpx.create_ssl_context(),
            timeout=httpx.Timeout(None, connect=min(_CONNECT, options.timeout)),
            limits=httpx.Limits(max_connections=options.concurrency + 1, keepalive_expiry=5.0),
        )
        self._lost = 0

    async def ask(self, path: str, body: dict[str, Any], read: Callable[[dict[str, Any]], T]) -> T:
        """Send a request until it is answered or its tries are used up; pauses are seeded by what is sent.

        Args:
            path: below the address, such as `/completions`.
            body: JSON values.
            read: makes the result of a reply; a Failure that it raises is a try that failed.

        Raises:
            Refusal: when this request gets no answer.
            InputError: when no request will: wrong key, wrong address, or a server that is gone.
        """
        draws = random.Random(tables.fingerprint([path, body]))
        failure = Failure("")
        for tried in range(self.options.retries + 1):
            if tried:
                await asyncio.sleep(self.pause(failure, tried, draws.random()))
            try:
                found = read(await self.send("POST", self.options.base + path, body))
            except Failure as error:
                failure = error
                continue
            except Refusal:
                self._lost = 0  # it answers, though not this
                raise
            self._lost = 0
            return found
        self._lost += 1
        times = _tries(self.options.retries + 1)
        if self._lost >= PATIENCE:
            raise InputError(
                f"{self.options.host}: {failure}; {self._lost} requests in a row were given up after {times} each: "
                "look at the server, then run the same command again"
            )
        if not await self._alive():
            raise InputError(
                f"{self.options.host}: {failure} after {times}, and it does not say which models it has either: start "
                "the server, then run the same command again"
            )
        raise Refusal(f"{failure} after {times}")

    def pause(self, failure: Failure, tried: int, drawn: float) -> float:
        """Seconds before the next try: doubled each time, spread by half, or what the server asked for; bounded."""
        options = self.options
        least = options.wait * 2.0 ** min(tried - 1, 60) * (0.5 + 0.5 * drawn)
        return min(options.longest_wait, least if failure.wait is None else failure.wait + options.wait * drawn)

    async def look(self, url: str) -> dict[str, Any] | None:
        """The JSON object at an address, none where there is nothing of the kind; tried as often as a request.

        Raises:
            InputError: for a server that cannot be reached, or refuses the key.
        """
        for tried in range(self.options.retries + 1):
            try:
                return await self.send("GET", url, None)
            except (Refusal, Absent):
                return None
            except Failure as error:
                failure = error
            if tried < self.options.retries:
                await asyncio.sleep(self.pause(failure, tried + 1, 0.5))
        raise InputError(f"{self.options.host}: {failure} after {_tries(self.options.retries + 1)}, expected a server "
                         "there: start it, or correct engine.url")  # fmt: skip

    async def send(self, method: str, url: str, body: dict[str, Any] | None) -> dict[str, Any]:
        """One try.

        Raises:
            Failure, Refusal, InputError: see their definitions and `ask`.
        """
        content = None if body is None else json.dumps(body, ensure_ascii=True).encode()
        headers = {} if body is None else {"Content-Type": "application/json"}
        with self._errors():
            async with (
                asyncio.timeout(self.options.timeout),
                self._http.stream(method, url, content=content, headers=headers) as reply,
            ):
                raw = await _body(reply)
        if not reply.is_success:
            self._raise(reply, raw)
        return self._object(raw)

    async def close(self) -> None:
        """Close all connections."""
        await self._http.aclose()

    def _object(self, raw: bytes) -> dict[str, Any]:
        try:
            found = json.loads(raw, parse_constant=_no_number)
        except (ValueError, RecursionError):
            raise Failure(f"a reply of {len(raw)} bytes that is no JSON, or was cut") from None
        if not isinstance(found, dict):
            raise Failure(f"a reply that is a {type(found).__name__}, expected a JSON object")
        if self._key is not None and len(self._key) >= _SECRET and self._key in json.dumps(found, ensure_ascii=False):
            raise Refusal("the server's reply holds the key that it was sent, which must not be kept")
        return found

    def _raise(self, reply: httpx.Response, raw: bytes) -> None:
        """Say what an HTTP status means for the request and the run."""
        status, host = reply.status_code, self.options.host
        said = f"HTTP {status}{self._words(raw)}"
        if reply.is_redirect or 300 <= status < 400:
            raise InputError(f"{host}: HTTP {status}, a redirect, which is not followed since the key would go along, "
                             "expected an address that answers: name that one in engine.url")  # fmt: skip
        if status in REFUSED:
            raise Refusal(said)
        if status in PASSING or (status >= 500 and status not in _NEVER):
            raise Failure(said, _asked_wait(reply.headers.get("retry-after")))
        if status in (401, 403):
            variable = self.options.api_key_variable
            expected = f"a valid key in {variable}" if variable else "a key: name its variable in api_key_variable"
            raise InputError(f"{host}: {said}, expected {expected}")
        raise Absent(f"{host}: {said}, expected an OpenAI-compatible API that has this model: correct engine.url or "
                     "engine.model_name")  # fmt: skip

    def _words(self, raw: bytes) -> str:
        """What a server says of an error, in one line and without the key."""
        text = raw[:20_000].decode("utf-8", "replace")
        with contextlib.suppress(ValueError, RecursionError):
            found = json.loads(text)
            for key in ("error", "message", "detail"):
                found = found[key] if isinstance(found, dict) and key in found else found
            text = found if isinstance(found, str) else json.dumps(found, ensure_ascii=False)
        if self._key is not None:
            text = text.replace(self._key, "[key]")
        text = " ".join("".join(one if one.isprintable() else " " for one in text).split())
        return f" ({text[:_QUOTED]})" if text else ""

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        """Turn what the network does into a Failure."""
        try:
            yield
        except TimeoutError:
            raise Failure(f"no complete reply within {self.options.timeout:g} seconds") from None
        except httpx.HTTPError as error:
            if _untrusted(error):
                raise InputError(f"{self.options.host}: its TLS certificate is not trusted ({error}), expected one "
                                 "that is: name its authority in SSL_CERT_FILE") from None  # fmt: skip
            reason = " ".join(str(error).split())[:_QUOTED] or type(error).__name__
            raise Failure(f"no connection ({reason})" if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout)
                          else f"a broken connection ({reason})") from None  # fmt: skip
        except httpx.InvalidURL:
            raise InputError("engine.url is no address of a server, expected one such as http://127.0.0.1:8000/v1") \
                from None  # fmt: skip

    async def _alive(self) -> bool:
        """Whether the server still lists its models."""
        try:
            async with asyncio.timeout(_CONNECT):
                await self.send("GET", f"{self.options.base}/models", None)
        except (Failure, TimeoutError):
            return False
        except (Refusal, InputError):
            return True
        return True


async def _body(reply: httpx.Response) -> bytes:
    """All of a reply, unless it is packed or has no end."""
    if reply.headers.get("content-encoding", "identity") != "identity":
        raise Refusal("a packed reply, though none was asked for")
    parts, size = [], 0
    async for part in reply.aiter_raw():
        size += len(part)
        if size > MAX_BYTES:
            raise Refusal(f"a reply of more than {MAX_BYTES} bytes")
        parts.append(part)
    return b"".join(parts)


def _tries(count: int) -> str:
    return "1 try" if count == 1 else f"{count} tries"


def _asked_wait(header: str | None) -> float | None:
    """Seconds of a Retry-After header, which is a number or a date; none where it is neither."""
    if header is None:
        return None
    with contextlib.suppress(ValueError):
        return min(max(float(int(header)), 0.0), 1e9)
    with contextlib.suppress(ValueError, TypeError):
        until = email.utils.parsedate_to_datetime(header)
        return max((until - datetime.datetime.now(datetime.UTC)).total_seconds(), 0.0)
    return None


def _untrusted(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return True
        error = error.__cause__ or error.__context__
    return False


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no JSON")
