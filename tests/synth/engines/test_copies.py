"""Copies of a model on a Ray cluster of two cores: what one gives, several give."""

import sys
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from curation.errors import InputError
from curation.model import Guide, Request, Sampling, ScoreRequest
from synth.engines import EngineOptions, cached, open_engine, opened
from synth.engines.copies import Copies, Copy
from synth.engines.transformers import Addition, TransformersEngine

ray = pytest.importorskip("ray", reason="Ray is not installed (extra `ray`)")

TWO = EngineOptions(data_parallel_size=2)
PROMPTS: list[Any] = [
    "the cat",
    "하늘",
    "",
    "zq" * 200,
    (("user", "dog"),),
    (("wizard", "hello"),),
    "Input: 12\nOutput:",
]


def asked(**sampling: Any) -> list[Request]:
    settings = Sampling(**{"max_tokens": 8, **sampling})
    return [Request(f"r{place}", prompt, settings) for place, prompt in enumerate(PROMPTS)]


def test_without_ray_copies_are_refused(tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(InputError, match="data_parallel_size: Ray is not installed; install it with"):
        Copies("transformers", str(tiny_model), TWO)


def test_a_copy_tells_what_its_asker_needs_and_answers(portable: TransformersEngine, tiny_model: Path) -> None:
    copy = Copy()
    told = copy.open("transformers", str(tiny_model), asdict(EngineOptions(max_model_len=200)))
    assert told == {
        "name": portable.name, "fingerprint": portable.fingerprint, "setting": portable.setting, "chunk": 256,
        "length": 200, "vocabulary": 300,
    }  # fmt: skip
    prompts, ask = [portable.prompt(asked()[0])], ScoreRequest("s", "the", " cat")
    assert copy.answer(prompts) == portable.answer(prompts)
    assert copy.measure([portable.passage(ask)]) == list(portable.score([ask]))


def test_nothing_can_be_put_onto_copies(tiny_model: Path) -> None:
    said = "with something put onto it, found data_parallel_size 2, expected 1"
    with pytest.raises(InputError, match=said):
        opened("transformers", str(tiny_model), TWO, addition=Addition(print, "print"))


@pytest.fixture(scope="module")
def cluster() -> Iterator[None]:
    ray.init(address="local", num_cpus=2, object_store_memory=1 << 27, include_dashboard=False, log_to_driver=False)
    yield
    ray.shutdown()


@pytest.fixture(scope="module")
def engine(cluster: None, tiny_model: Path) -> Iterator[Copies]:
    engine = Copies("transformers", str(tiny_model), replace(TWO, batch=4))
    yield engine
    engine.close()


@pytest.mark.slow
@pytest.mark.long
def test_more_copies_than_there_is_room_for_are_refused_with_the_server(cluster: None, tiny_model: Path) -> None:
    asked_for = EngineOptions(data_parallel_size=3, tensor_parallel_size=4, distributed_executor_backend="ray")
    said = "data_parallel_size is 3, and the Ray cluster has room for 2 copies of 1 CPU on one machine each; .*start "
    said += "`vllm serve .*--tensor-parallel-size 4 --data-parallel-size 3 .*--data-parallel-backend ray` and choose"
    with pytest.raises(InputError, match=said):
        Copies("vllm", str(tiny_model), asked_for)


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.parametrize("sampling", [{}, {"temperature": 1.0, "top_k": 40, "seed": 5}])
def test_answers_and_refusals_are_those_of_one(
    engine: Copies, portable: TransformersEngine, sampling: dict[str, Any]
) -> None:
    assert list(engine.generate(asked(**sampling))) == list(portable.generate(asked(**sampling)))
    assert (engine.name, engine.fingerprint, engine.setting) == (portable.name, portable.fingerprint, portable.setting)


@pytest.mark.slow
@pytest.mark.long
def test_guides_and_adapters_reach_the_copies(
    engine: Copies, portable: TransformersEngine, adapters: tuple[Path, Path]
) -> None:
    requests = [*asked(guide=Guide(choice=("yak", "새"))), *asked()]
    requests += [replace(one, id=f"{folder.name} {one.id}", adapter=str(folder))
                 for one in asked() for folder in adapters]  # fmt: skip
    assert list(engine.generate(requests)) == list(portable.generate(requests))
    with pytest.raises(InputError, match="nowhere: no adapter_config.json, expected the folder of a LoRA adapter"):
        list(engine.generate([replace(asked()[0], adapter="nowhere")]))


@pytest.mark.slow
@pytest.mark.long
def test_scores_are_those_of_one(engine: Copies, portable: TransformersEngine) -> None:
    asks = [ScoreRequest(f"s{place}", "the", text) for place, text in enumerate([" cat", "", "zq" * 200, "하늘", "a"])]
    found, expected = list(engine.score(asks)), list(portable.score(asks))
    assert [(one.id, one.token_ids, one.error) for one in found] == [
        (one.id, one.token_ids, one.error) for one in expected
    ]
    for one, other in zip(found, expected, strict=True):
        assert one.logprobs == pytest.approx(other.logprobs, abs=1e-4)


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.parametrize("count", [0, 1, 2, 5, 9])
def test_every_request_is_one_copys(engine: Copies, count: int) -> None:
    told: list[int] = []
    prompts = [engine.prompt(Request(f"r{place}", "the cat", Sampling(2))) for place in range(count)]
    answers = engine.answer(prompts, lambda done, tokens: told.append(done))
    assert [one.id for one in answers] == [f"r{place}" for place in range(count)]
    assert sorted(told) == {0: [], 1: [1], 2: [1, 1], 5: [2, 3], 9: [4, 5]}[count]


@pytest.mark.slow
@pytest.mark.long
def test_what_one_answered_is_kept_for_copies(engine: Copies, portable: TransformersEngine, tmp_path: Path) -> None:
    path = tmp_path / "cache.sqlite"
    one = cached(portable, path, 2)
    expected = list(one.generate(asked()))
    one.close()
    told: list[int] = []
    several = cached(engine, path, 2, lambda done, tokens: told.append(done))
    assert list(several.generate(asked())) == expected and several.generated == 0
    assert told == [4, 3]  # a chunk has two requests for each copy
    several.close()


@pytest.mark.slow
@pytest.mark.long
def test_a_copy_that_is_lost_is_said(cluster: None, engine: Copies, tiny_model: Path) -> None:
    engine.close()  # the cluster has room for two
    with open_engine("transformers", str(tiny_model), TWO) as copies:
        assert isinstance(copies, Copies)
        ray.kill(copies._copies[1])
        with pytest.raises(InputError, match="a copy was lost .*run the same command again"):
            list(copies.generate(asked()))


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.vllm
def test_copies_in_vllm_answer_as_one_does(cluster: None, tiny_model: Path) -> None:
    found = []
    for options in (TWO, EngineOptions()):
        with open_engine("vllm", str(tiny_model), options) as engine:
            found.append((list(engine.generate(asked())), list(engine.generate(asked(temperature=1.0, seed=5)))))
            with pytest.raises(InputError, match="open the engine with adapter_rank"):
                engine.prompt(Request("r", "the", Sampling(2), adapter="folder"))
    assert found[0] == found[1]
