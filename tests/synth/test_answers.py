"""Responses joined to requests: by id and sample, whatever their order, and none lost, repeated or invented."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.model import Request, Response, Sampling
from synth.answers import answered

SAMPLING = Sampling(8)
keys = st.lists(st.tuples(st.sampled_from(["a", "b", "c"]), st.integers(0, 3)), unique=True)


@dataclass
class Recorded:
    """An engine that plays back responses that were written down."""

    responses: list[Response]
    name: str = "recorded 1"
    fingerprint: str = "f" * 32

    def generate(self, requests: Iterable[Request]) -> Iterator[Response]:
        yield from self.responses


def requests(asked: Iterable[tuple[str, int]]) -> list[Request]:
    return [Request(name, f"prompt of {name}", SAMPLING, sample) for name, sample in asked]


def response(name: str, sample: int) -> Response:
    return Response(name, sample, f"text of {name} {sample}", (1, 2), "stop", 3)


@given(asked=keys, order=st.randoms(use_true_random=False))
def test_any_order_of_responses_gives_the_same_answers(asked: list[tuple[str, int]], order) -> None:
    given_back = [response(*key) for key in asked]
    order.shuffle(given_back)
    found = answered(requests(asked), Recorded(given_back))
    assert found == {key: response(*key) for key in asked}


@given(asked=keys.filter(bool), which=st.integers(0, 11))
def test_a_lost_a_repeated_and_an_invented_answer_are_faults_of_the_engine(
    asked: list[tuple[str, int]], which: int
) -> None:
    lost = asked[which % len(asked)]
    complete = [response(*key) for key in asked]
    with pytest.raises(RuntimeError, match=rf"recorded 1 gave {len(asked) - 1} answers to {len(asked)} requests"):
        answered(requests(asked), Recorded([one for one in complete if (one.id, one.sample) != lost]))
    with pytest.raises(RuntimeError, match=rf"answered request \('{lost[0]}', {lost[1]}\) twice"):
        answered(requests(asked), Recorded([*complete, response(*lost)]))
    with pytest.raises(RuntimeError, match=r"see \('other', 0\)"):
        answered(requests(asked), Recorded([*complete, response("other", 0)]))


def test_an_answer_to_another_sample_is_not_an_answer() -> None:
    with pytest.raises(RuntimeError, match=r"see \('a', 0\)"):
        answered(requests([("a", 0)]), Recorded([response("a", 1)]))
