"""Answers of an engine, joined to their requests."""

from collections.abc import Sequence

from curation.model import Generator, Request, Response


def answered(requests: Sequence[Request], generator: Generator) -> dict[tuple[str, int], Response]:
    """Every response by request id and sample index; the order they come in means nothing.

    Raises:
        RuntimeError: when the engine answered a request never or twice: a fault of the engine, never of the data.
    """
    responses: dict[tuple[str, int], Response] = {}
    for response in generator.generate(requests):
        key = (response.id, response.sample)
        if key in responses:
            raise RuntimeError(f"engine {generator.name} answered request {key} twice")
        responses[key] = response
    asked = {(request.id, request.sample) for request in requests}
    if asked != set(responses):
        odd = sorted(asked ^ set(responses))[0]
        raise RuntimeError(f"engine {generator.name} gave {len(responses)} answers to {len(asked)} requests, see {odd}")
    return responses
