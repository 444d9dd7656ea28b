"""Settings of incremental dedup: the index that a step feeds, and the batch that its documents are."""

from datetime import date
from typing import Any
from urllib.parse import parse_qs, urlsplit

from pydantic import Field, field_validator, model_validator

from .base import Settings

SCHEMES = ("redis", "rediss", "unix")


class IndexSettings(Settings):
    """An index of what earlier runs kept, in place of `exact` and `minhash`; the settings of `minhash` hold for both.

    Documents are compared with those of earlier batches, which win, and with each other. What the index keeps stays in
    it, also where a later stage or a reviewer drops the document.
    """

    folder: str | None = Field(None, description="folder of the index, made when it is not there; or url")
    url: str | None = Field(
        None, description="address of a Redis server, redis://, rediss:// or unix://, without password"
    )
    name: str = Field("keepwise", min_length=1, description="name of the index in the Redis server")
    batch: str = Field(min_length=1, description="name of what this step feeds: new inputs, new name")
    password_variable: str = Field(
        "KEEPWISE_REDIS_PASSWORD", description="environment variable that holds the server's password, if it wants one"
    )

    @field_validator("batch", "name", mode="before")
    @classmethod
    def _as_written(cls, name: Any) -> Any:
        """YAML takes 7 for a number and 2026-11-21 for a date, which are good names."""
        return str(name) if isinstance(name, (int, date)) and not isinstance(name, bool) else name

    @field_validator("url")
    @classmethod
    def _no_secret(cls, url: str | None) -> str | None:
        """A recipe is written to the run folder, so what is said here must not repeat the address either."""
        if url is None:
            return url
        try:
            parts = urlsplit(url)
            secret = parts.password is not None or "password" in parse_qs(parts.query, keep_blank_values=True)
        except ValueError:
            raise ValueError("url: found no address, expected one such as redis://host:6379/0") from None
        if secret:
            raise ValueError(
                "url: found a password in the address, expected it in the environment variable that "
                "'password_variable' names, since recipes are written to the run folder"
            )
        if parts.scheme not in SCHEMES:
            raise ValueError(f"url: found the scheme {parts.scheme!r}, expected one of {', '.join(SCHEMES)}")
        return url

    @model_validator(mode="after")
    def _one_place(self) -> "IndexSettings":
        if (self.folder is None) == (self.url is None):
            found = "none" if self.folder is None else "both"
            raise ValueError(f"found {found} of the keys folder and url, expected exactly one")
        return self


def one_keep_order(
    exact: tuple[str, ...] | None, near: tuple[str, ...] | None, default: tuple[str, ...]
) -> None:  # fmt: skip
    """Check that the settings of the stages that an index stands for can be those of one stage.

    Args:
        exact: keep order of `exact`, none where it is left out.
        near: keep order of `minhash`, none where it is left out.
        default: keep order where a recipe gives none.

    Raises:
        ValueError: when `minhash` is left out, or `exact` has an order of its own.
    """
    if near is None:
        raise ValueError("index: found minhash null, expected its settings, by which an index finds duplicates")
    if exact is not None and exact not in (near, default):
        raise ValueError(
            f"index: found exact.keep {list(exact)}, expected {list(near)} as in minhash.keep: an index has one order"
        )
