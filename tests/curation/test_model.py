"""Types of requests and responses: they can be compared, hashed and sent, but not changed."""

import dataclasses
import json
import pickle

import pytest

from curation.errors import InputError
from curation.model import Guide, Request, Response, Sampling, Score, ScoreRequest, Text


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
        Request("a", (("user", "Hi"),), Sampling(7), sample=2, adapter="folder", prefill="I"),
        Sampling(7, guide=Guide(choice=("a", "b"))),
        Guide(regex="a+"),
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


def test_sampling_is_recorded_as_it_was_before_there_were_guides() -> None:
    """Cache keys and generation records that stand in files hang on it."""
    plain = {"max_tokens": 7, "temperature": 0.0, "top_p": 1.0, "top_k": 0, "repetition_penalty": 1.0, "stop": ["x"],
             "seed": 3}  # fmt: skip
    assert Sampling(7, stop=("x",), seed=3).record() == plain
    schema = '{"type": "object"}'
    for guide, said in [
        (Guide(choice=("a", "b")), {"choice": ["a", "b"]}),
        (Guide(regex="a|b"), {"regex": "a|b"}),
        (Guide(json_schema=schema), {"json_schema": schema}),
    ]:
        guided = Sampling(7, stop=("x",), seed=3, guide=guide).record()
        assert guided == {**plain, "guide": said} == json.loads(json.dumps(guided))


SCHEMA = '{"type": "strin"}'


@pytest.mark.parametrize(
    ("guide", "said"),
    [
        ({}, "guide sets nothing, expected one of choice, regex, json_schema"),
        ({"choice": ("a",), "regex": "a"}, "guide sets choice and regex, expected one of"),
        ({"choice": ["a"]}, r"guide choice: found \['a'\], expected a tuple of texts"),
        ({"choice": "yes"}, "guide choice: found 'yes', expected a tuple of texts"),
        ({"choice": ("a", "")}, "guide choice: .* expected a tuple of texts that are not empty"),
        ({"choice": ("a", 1)}, "guide choice: .* expected a tuple of texts that are not empty"),
        ({"choice": ("a", "b", "a")}, "guide choice: 'a' is there twice"),
        ({"choice": ("a", "\ud800")}, r"guide choice: found the lone surrogate U\+D800"),
        ({"regex": ""}, "guide regex: found '', expected a regular expression"),
        ({"regex": "("}, r"guide regex: found '\(' .* expected a regular expression of RE2"),
        ({"regex": "(?=a)b"}, "guide regex: .* expected a regular expression of RE2"),
        ({"regex": r"(a)\1"}, "guide regex: .* expected a regular expression of RE2"),
        ({"regex": "a\x00"}, "guide regex: .* expected a regular expression"),
        ({"regex": "\ud800"}, "guide regex: found the lone surrogate"),
        ({"json_schema": "{"}, "guide json_schema: .* expected the JSON text of a schema"),
        ({"json_schema": "[" * 100_000}, "guide json_schema: .* expected the JSON text of a schema"),
        ({"json_schema": "true"}, "guide json_schema: found 'true', expected a JSON object"),
        ({"json_schema": SCHEMA}, r"guide json_schema: at \$.type: 'strin' is not valid .* expected a JSON schema"),
        ({"json_schema": {"type": "object"}}, "guide json_schema: .* expected its text"),
    ],
)
def test_a_guide_that_cannot_be_read_is_one_sentence(guide: dict, said: str) -> None:
    with pytest.raises(InputError, match=f"^{said}") as caught:
        Guide(**guide)
    assert len(str(caught.value)) < 600 and "\n" not in str(caught.value)
