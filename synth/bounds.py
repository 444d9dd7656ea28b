"""What options may be: one sentence for the first that is not."""

from collections.abc import Mapping, Sequence
from typing import Any

from curation.errors import InputError

LANGUAGES = ("auto", "en", "ko")


def expect(method: str, options: Any, wanted: Mapping[str, tuple[str, bool]]) -> None:
    """Refuse the first option that does not hold.

    Args:
        method: name of the method.
        options: a dataclass.
        wanted: by the option's name, what was expected of it and whether that is so.

    Raises:
        InputError: naming the option, what was found and what was expected.
    """
    for name, (expected, holds) in wanted.items():
        if not holds:
            raise InputError(f"{method} option {name} is {getattr(options, name)!r}, expected {expected}")


def sampling(options: Any) -> dict[str, tuple[str, bool]]:
    """What is expected of `temperature`, `top_p` and `max_tokens`."""
    return {
        "temperature": ("0 or more", options.temperature >= 0),
        **share_above_zero(options, "top_p"),
        "max_tokens": ("at least 1", options.max_tokens >= 1),
    }


def share(options: Any, *names: str) -> dict[str, tuple[str, bool]]:
    """What is expected of options that are shares."""
    return {name: ("from 0 to 1", 0 <= getattr(options, name) <= 1) for name in names}


def share_above_zero(options: Any, *names: str) -> dict[str, tuple[str, bool]]:
    """What is expected of options that are shares and not 0."""
    return {name: ("above 0 and at most 1", 0 < getattr(options, name) <= 1) for name in names}


def count(options: Any, least: int, *names: str) -> dict[str, tuple[str, bool]]:
    """What is expected of options that are whole numbers of at least so many."""
    expected = f"at least {least}" if least else "0 or more"
    return {name: (expected, getattr(options, name) >= least) for name in names}


def count_if_given(options: Any, least: int, *names: str) -> dict[str, tuple[str, bool]]:
    """The same of options that may be None."""
    return count(options, least, *(name for name in names if getattr(options, name) is not None))


def one_of(options: Any, **values: Sequence[str]) -> dict[str, tuple[str, bool]]:
    """What is expected of options that have one of some values."""
    return {name: (f"one of {', '.join(some)}", getattr(options, name) in some) for name, some in values.items()}


def language(options: Any) -> dict[str, tuple[str, bool]]:
    """What is expected of `language`."""
    return one_of(options, language=LANGUAGES)
