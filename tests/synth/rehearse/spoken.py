"""An engine of texts that a test writes down, which no model can be made to say."""

from collections.abc import Callable, Iterable, Iterator

from curation.model import Request, Response
from synth.rehearse import ModelTokens

Say = Callable[[Request], str | tuple[str, str]]


class Spoken:
    """An engine whose texts a test writes down, in the tokens of a real model."""

    name, fingerprint = "spoken 1", "a" * 32

    def __init__(self, tokens: ModelTokens, say: Say) -> None:
        self.tokenizer, self.say, self.asked = tokens._tokenizer, say, list[Request]()

    def generate(self, requests: Iterable[Request]) -> Iterator[Response]:
        for request in reversed(list(requests)):
            self.asked.append(request)
            said = self.say(request)
            text, finish = said if isinstance(said, tuple) else (said, "stop")
            ids = tuple(self.tokenizer(text, add_special_tokens=False)["input_ids"])
            plain = self.tokenizer.decode(ids, skip_special_tokens=True)
            yield Response(
                request.id, request.sample, plain, ids, finish, 1, "too long" if finish == "refused" else None
            )
