"""What can go wrong with a request: it alone is refused, it may work later, or nothing will."""

from curation.errors import InputError


class Refusal(Exception):
    """The server will not answer this request, now or later; others it may."""


class Failure(Exception):
    """A try that failed for a reason that may pass.

    Attributes:
        wait: seconds that the server asked to be left alone; None where it did not say.
    """

    def __init__(self, reason: str, wait: float | None = None) -> None:
        super().__init__(reason)
        self.wait = wait


class Absent(InputError):
    """There is no such address or model on the server, nor will there be."""
