"""Types of requests and responses: they can be compared, hashed and sent, but not changed."""

import dataclasses
import pickle

import pytest

from curation.model import Request, Response, Sampling, Score, ScoreRequest, Text


def test_sampling_is_greedy_unless_told() -> None:
    greedy = Sampling(max_tokens=5)
    assert (greedy.temperature, greedy.top_p, greedy.top_k, greedy.repetition_penalty) == (0.0, 1.0, 0, 1.0)
    assert greedy.stop == () and greedy.seed == 0
    with pytest.raises(TypeError):
        Sampling()  # type: ignore[call-arg] # an engine's own limit of tokens is never relied on


def test_total_is_the_sum_of_the_log_probabilities() -> None:
    assert Score("a", (-0.25, -1.5), (3, 4)).total == -1.75
    assert Score("a", (), (), error="too long").total == 0.0


@pytest.mark.parametrize(
    "value",
    [
        Sampling(7, stop=("\n",), seed=3),
        Request("a", (("user", "Hi"),), Sampling(7), sample=2, adapter="folder"),
        Response("a", 2, "text", (1, 2), "stop", 5),
        ScoreRequest("a", "context", "continuation"),
        Score("a", (-1.0,), (1,)),
        Text("a", "text"),
    ],
)
def test_values_can_be_compared_hashed_and_sent_but_not_changed(value: object) -> None:
    copy = pickle.loads(pickle.dumps(value))
    assert copy == value and hash(copy) == hash(value)
    name = dataclasses.fields(value)[0].name  # type: ignore[arg-type]
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(value, name, "other")
