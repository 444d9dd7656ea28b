"""Settings of an engine behind an address."""

import math
import os
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from curation.errors import InputError


@dataclass(frozen=True)
class ServerOptions:
    """Where a server is, and how patiently it is asked.

    Attributes:
        url: address of an OpenAI-compatible API, such as `http://127.0.0.1:8000/v1`. Without a path it is `/v1`.
        model_name: name that the server gives the model. None: the only model that it lists.
        api_key_variable: environment variable that holds the key; the key itself stands in no setting. None: no key.
        concurrency: requests under way at a time.
        timeout: seconds that one try of one request may take, from connecting to the last byte.
        retries: tries after the first one that failed.
        wait: seconds before the second try, doubled for each further one.
        longest_wait: most seconds between two tries, whatever the server asks for.
    """

    url: str
    model_name: str | None = None
    api_key_variable: str | None = None
    concurrency: int = 32
    timeout: float = 600.0
    retries: int = 5
    wait: float = 1.0
    longest_wait: float = 60.0
    base: str = field(init=False, repr=False)  # the address, less a slash at its end

    def __post_init__(self) -> None:
        if self.concurrency < 1:
            raise InputError(f"engine.concurrency is {self.concurrency}, expected at least 1")
        if self.retries < 0:
            raise InputError(f"engine.retries is {self.retries}, expected 0 or more")
        for name in ("timeout", "wait", "longest_wait"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0):
                raise InputError(f"engine.{name} is {value}, expected more than 0 seconds")
        object.__setattr__(self, "base", _address(self.url))

    @property
    def host(self) -> str:
        """Scheme, host and port: what errors call the server."""
        parts = urlsplit(self.base)
        return f"{parts.scheme}://{parts.netloc}"

    def key(self) -> str | None:
        """The key, read from the environment.

        Raises:
            InputError: when the variable is not set, or holds what cannot be sent; the value is not quoted.
        """
        if self.api_key_variable is None:
            return None
        value = os.environ.get(self.api_key_variable, "").strip()
        if not value:
            raise InputError(f"engine.api_key_variable: {self.api_key_variable} is not set, expected the server's key")
        if not (value.isascii() and value.isprintable() and " " not in value):
            raise InputError(
                f"engine.api_key_variable: {self.api_key_variable} holds spaces or characters that no header can "
                "carry, expected the server's key"
            )
        return value


def _address(url: str) -> str:
    """The address of the API without what must not stand in it; errors do not quote what may be a secret."""
    try:
        parts = urlsplit(url)
        named = bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no number
        named = False
    if not named or parts.scheme not in ("http", "https") or any(not one.isprintable() or one == " " for one in url):
        raise InputError("engine.url is no address of a server, expected one such as http://127.0.0.1:8000/v1")
    if "@" in parts.netloc:
        raise InputError("engine.url holds a user or password, expected none: name the key's variable in "
                         "engine.api_key_variable")  # fmt: skip
    if parts.query or parts.fragment:
        raise InputError("engine.url holds a query or fragment, expected only scheme, host, port and path")
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/') or '/v1'}"
