"""vLLM itself: the same answers as the portable engine, seeds, adapters one by one, and what it refuses."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import re2
import torch
from jsonschema import Draft202012Validator
from peft import LoraConfig, PromptTuningConfig, get_peft_model
from scipy import stats
from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig, LlamaForCausalLM

from curation.errors import InputError
from curation.model import Guide, Request, Response, Sampling, ScoreRequest
from synth.engines.options import EngineOptions
from synth.engines.transformers import TransformersEngine
from synth.engines.vllm import VllmEngine

pytestmark = [pytest.mark.vllm, pytest.mark.slow]

PROMPTS: list[Any] = [
    "the cat", "", "하늘을 나는 새", "zq" * 40, "Input: 12\nOutput:", (("system", "brief"), ("user", "the dog")),
    (("user", "하늘"), ("assistant", "새"), ("user", "cat")), "zq" * 120, "zq" * 200, (("wizard", "hello"),),
]  # fmt: skip


@pytest.fixture(scope="module")
def engine(tiny_model: Path) -> Iterator[VllmEngine]:
    engine = VllmEngine(str(tiny_model))
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def adapting(tiny_model: Path) -> Iterator[VllmEngine]:
    engine = VllmEngine(str(tiny_model), EngineOptions(adapter_rank=8))
    yield engine
    engine.close()


def asked(**sampling: Any) -> list[Request]:
    settings = Sampling(**{"max_tokens": 16, **sampling})
    return [Request(f"r{place}", prompt, settings) for place, prompt in enumerate(PROMPTS)]


def by_id(responses: Any) -> dict[tuple[str, int], Response]:
    return {(one.id, one.sample): one for one in responses}


@pytest.mark.parametrize(
    "sampling", [{}, {"max_tokens": 1}, {"max_tokens": 300}, {"repetition_penalty": 1.5}, {"top_k": -1}]
)
def test_greedy_answers_are_the_portable_engines(
    engine: VllmEngine, portable: TransformersEngine, sampling: dict[str, Any]
) -> None:
    """Text, tokens, reason, prompt length and refusals: all of them."""
    responses = list(engine.generate(asked(**sampling)))
    assert responses == list(portable.generate(asked(**sampling)))
    assert [one.id for one in responses] == [one.id for one in asked()]
    refused = {"r8", "r9"} if "top_k" not in sampling else {one.id for one in asked()}
    assert {one.id for one in responses if one.finish_reason == "refused"} == refused
    assert {one.finish_reason for one in responses} <= {"stop", "length", "refused"}


def test_stop_strings_cut_as_the_portable_engine_does(engine: VllmEngine, portable: TransformersEngine) -> None:
    requests = []
    for one in engine.generate(asked(max_tokens=40)):
        readable = [place for place in range(2, len(one.text)) if one.text[place].isascii()]
        for place in readable[:6:2]:
            stop = ("never said", one.text[place], one.text[place : place + 3])
            prompt = PROMPTS[int(one.id[1:])]
            requests.append(Request(f"{one.id} {place}", prompt, Sampling(max_tokens=40, stop=stop)))
    responses = list(engine.generate(requests))
    assert responses == list(portable.generate(requests))
    assert len(responses) > 10
    assert {one.finish_reason for one in responses} == {"stop"}
    for request, response in zip(requests, responses, strict=True):
        assert not any(stop in response.text for stop in request.sampling.stop)


def test_adapters_are_answered_as_the_portable_engine_does(
    adapting: VllmEngine, portable: TransformersEngine, adapters: tuple[Path, Path]
) -> None:
    folders = [str(adapters[1]), None, str(adapters[0])]
    mixed = [Request(f"{one.id} {folder}", one.prompt, one.sampling, adapter=folder)
             for one in asked() for folder in folders]  # fmt: skip
    responses = list(adapting.generate(mixed))
    assert responses == list(portable.generate(mixed))
    made = [one.token_ids for one in responses if one.token_ids]
    assert len(set(made)) == len(made) == 3 * 8
    assert by_id(adapting.generate(mixed[::-1])) == by_id(responses)


def test_the_base_answers_are_the_same_with_room_for_adapters(engine: VllmEngine, adapting: VllmEngine) -> None:
    assert list(adapting.generate(asked())) == list(engine.generate(asked()))


@pytest.mark.parametrize("chunk", [256, 1, 5])
def test_a_drawn_answer_hangs_on_its_id_and_sample_alone(
    engine: VllmEngine, chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    sampling = Sampling(max_tokens=12, temperature=1.0, top_p=0.95, top_k=50, seed=7)
    requests = [Request(f"r{place % 6}", "the cat", sampling, place // 6) for place in range(18)]
    requests += [Request(f"p{place}", prompt, sampling) for place, prompt in enumerate(PROMPTS[:8])]
    expected = by_id(engine.generate(requests))
    assert len({one.token_ids for one in expected.values()}) == len(requests) == len(expected)
    monkeypatch.setattr(engine, "chunk", chunk)
    assert by_id(engine.generate(requests[::-1])) == expected
    alone = requests[5]
    assert next(engine.generate([alone])) == expected[alone.id, alone.sample]


SCHEMA = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "maxLength": 6}, "count": {"type": "integer", "minimum": 0, "maximum": 99},
        "kind": {"enum": ["cat", "하늘", None]}, "list": {"type": "array", "items": {"type": "boolean"}, "maxItems": 3},
    },
    "required": ["name", "count", "kind", "list"],
}  # fmt: skip
GUIDES = [
    Guide(choice=("the dog", "the mat", "하늘", "a|b", "line\nbreak")),
    Guide(regex=r"[가-힣]{2,5}"),
    Guide(regex=r"^(Input|Output): \d{1,3}\.$"),
    Guide(json_schema=json.dumps(SCHEMA)),
    None,
]


@pytest.mark.parametrize("sampling", [{}, {"repetition_penalty": 1.3}, {"max_tokens": 3}])
def test_guided_greedy_answers_are_the_portable_engines(
    engine: VllmEngine, portable: TransformersEngine, sampling: dict[str, Any]
) -> None:
    """Guided and free answers in one batch, over every prompt, with and without the start of an answer."""
    requests = [
        Request(f"{one.id} {number} {prefill}", one.prompt, one.sampling, prefill=prefill)
        for number, guide in enumerate(GUIDES)
        for one in asked(**{"max_tokens": 120, **sampling, "guide": guide})
        for prefill in ("", "the")
    ]  # fmt: skip
    responses = list(engine.generate(requests))
    assert responses == list(portable.generate(requests))
    ended = [(request, one) for request, one in zip(requests, responses, strict=True) if one.finish_reason == "stop"]
    for request, one in ended:
        obeys(request.sampling.guide, one.text)
    if sampling.get("max_tokens") != 3:
        assert len({request.sampling.guide for request, _ in ended}) >= 4
        assert len([one for request, one in ended if request.sampling.guide is not None]) > 50


def obeys(guide: Guide | None, text: str) -> None:
    if guide is not None and guide.choice:
        assert text in guide.choice
    elif guide is not None and guide.regex is not None:
        assert re2.fullmatch(guide.regex, text)
    elif guide is not None:
        Draft202012Validator(SCHEMA).validate(json.loads(text))


def test_drawn_guided_answers_obey_and_hang_on_their_id_alone(engine: VllmEngine) -> None:
    requests = [
        Request(f"{number}", "the cat", Sampling(120, temperature=1.0, seed=3, guide=guide), sample)
        for number, guide in enumerate(GUIDES[:4]) for sample in range(6)
    ]  # fmt: skip
    responses = list(engine.generate(requests))
    for request, one in zip(requests, responses, strict=True):
        if one.finish_reason == "stop":
            obeys(request.sampling.guide, one.text)
    assert sum(one.finish_reason == "stop" for one in responses) > 12
    assert by_id(engine.generate(requests[::-1])) == by_id(responses)


def test_a_guide_that_cannot_be_held_to_is_refused_among_others_that_can(
    engine: VllmEngine, portable: TransformersEngine
) -> None:
    bad = [Guide(regex=r"\bcat"), Guide(json_schema='{"type": "string", "pattern": "a"}'), Guide(regex=r"[^\d\D]")]
    requests = [Request(f"{place}", "the", Sampling(4, guide=guide)) for place, guide in enumerate([*bad, *GUIDES])]
    responses = list(engine.generate(requests))
    assert responses == list(portable.generate(requests))
    assert [one.id for one in responses if one.finish_reason == "refused"] == ["0", "1", "2"]
    assert all(one.error and one.error.startswith("guide ") for one in responses[:3])


@pytest.mark.parametrize("guide", [Guide(regex=r"a[^\d\D]")])
def test_a_guide_that_leads_nowhere_is_refused_among_others_that_do_not(
    engine: VllmEngine, portable: TransformersEngine, guide: Guide
) -> None:
    requests = [
        Request(f"{place}", "the", Sampling(9, guide=one)) for place, one in enumerate([guide, None, GUIDES[0]])
    ]
    for answering in (engine, portable):
        responses = list(answering.generate(requests))
        assert [one.finish_reason == "refused" for one in responses] == [True, False, False]
        assert responses[0].error and "no token can follow" in responses[0].error and not responses[0].text


def test_draws_follow_the_models_distribution(engine: VllmEngine, tiny_model: Path) -> None:
    draws, sampling = 1200, Sampling(max_tokens=1, temperature=2.0, top_k=6)
    request = Request("0", "the cat", sampling)
    with torch.inference_mode():
        prompt = torch.tensor([engine.prompt(request).token_ids])
        logits = AutoModelForCausalLM.from_pretrained(tiny_model)(prompt).logits[0, -1]
    values, tokens = (logits / 2).topk(6)
    counts = Counter(one.token_ids[0] for one in engine.generate(
        Request(str(place), "the cat", sampling) for place in range(draws)
    ))  # fmt: skip
    assert set(counts) == set(tokens.tolist())
    observed = [counts[token] for token in tokens.tolist()]
    assert stats.chisquare(observed, (values.double().softmax(-1) * draws).tolist()).pvalue > 1e-3


def test_scores_are_the_portable_engines(engine: VllmEngine, portable: TransformersEngine) -> None:
    texts = ["", " sat on the mat", "하늘", "zq" * 60]
    requests = [ScoreRequest(f"{place} {prefill} {text}", context, text, prefill)
                for place, context in enumerate(PROMPTS) for text in texts for prefill in ("", "dog")]  # fmt: skip
    scores, peers = list(engine.score(requests)), list(portable.score(requests))
    assert [(one.id, one.token_ids, one.error) for one in scores] == [
        (one.id, one.token_ids, one.error) for one in peers
    ]
    for score, peer in zip(scores, peers, strict=True):
        assert score.logprobs == pytest.approx(peer.logprobs, abs=1e-3)
    assert sum(len(one.logprobs) for one in scores) > 100
    assert any(one.error for one in scores)


def test_progress_counts_everything_once(engine: VllmEngine) -> None:
    told: list[tuple[int, int]] = []
    prompts = [engine.prompt(one) for one in asked()[:8]]
    responses = engine.answer(prompts, lambda done, tokens: told.append((done, tokens)))
    assert sum(done for done, _ in told) == 8
    assert sum(tokens for _, tokens in told) == sum(len(one.token_ids) for one in responses)


def test_an_interrupted_call_leaves_nothing_behind(engine: VllmEngine) -> None:
    lengths = [Request(f"r{length}", "the", Sampling(max_tokens=length)) for length in range(2, 40, 3)]
    expected = list(engine.generate(lengths))

    def interrupt(done: int, tokens: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        engine.answer([engine.prompt(one) for one in lengths], interrupt)
    assert not engine._llm.llm_engine.has_unfinished_requests()
    assert list(engine.generate(lengths)) == expected


def test_an_adapter_without_room_for_it_is_refused(engine: VllmEngine, adapters: tuple[Path, Path]) -> None:
    request = Request("r7", "the cat", Sampling(max_tokens=2), adapter=str(adapters[0]))
    with pytest.raises(
        InputError, match=f"^request r7 names the adapter {adapters[0]}: open the engine with adapter_r"
    ):
        list(engine.generate([request]))


def test_an_engine_with_adapters_does_not_score(adapting: VllmEngine) -> None:
    with pytest.raises(InputError, match="^an engine opened with adapter_rank cannot score: merge the adapter"):
        list(adapting.score([ScoreRequest("s", "the", " cat")]))


def tuned(folder: Path, model: Any, settings: Any) -> str:
    get_peft_model(model, settings).save_pretrained(folder)
    return str(folder)


@pytest.fixture
def unfit(tiny_model: Path, tmp_path: Path) -> Callable[[str], str]:
    """Adapters that the engine cannot use."""

    def make(kind: str) -> str:
        base = AutoModelForCausalLM.from_pretrained(tiny_model)
        if kind == "foreign":
            base = LlamaForCausalLM(LlamaConfig(
                vocab_size=300, hidden_size=128, intermediate_size=128, num_hidden_layers=2, num_attention_heads=4,
            ))  # fmt: skip
        lora = {"r": 16 if kind == "rank" else 4, "target_modules": "all-linear", "task_type": "CAUSAL_LM"}
        settings = {
            "prompts": PromptTuningConfig(num_virtual_tokens=4, task_type="CAUSAL_LM"),
            "dora": LoraConfig(use_dora=True, **lora),
        }.get(kind, LoraConfig(**lora))
        return tuned(tmp_path / kind, base, settings)

    return make


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("rank", "an adapter of rank 16, expected at most 8, the engine's adapter_rank"),
        ("prompts", "found an adapter of type PROMPT_TUNING, expected LORA, the one kind that engines here serve"),
        ("dora", ".*DoRA.*; expected a LoRA adapter made for this model, of a kind that vLLM serves .*"),
        ("foreign", ".*; expected a LoRA adapter made for this model, of a kind that vLLM serves .*"),
    ],
)
def test_an_adapter_that_does_not_fit_is_refused_and_changes_nothing(
    adapting: VllmEngine, adapters: tuple[Path, Path], unfit: Callable[[str], str], kind: str, said: str
) -> None:
    folder = unfit(kind)
    wanted = [Request("r", "the cat", Sampling(max_tokens=9), adapter=one)
              for one in (str(adapters[0]), None, str(adapters[1]))]  # fmt: skip
    expected = list(adapting.generate(wanted))
    for _ in range(2):
        with pytest.raises(InputError, match=f"^{folder}: {said}$"):
            list(adapting.generate([Request("bad", "the cat", Sampling(max_tokens=9), adapter=folder)]))
        assert list(adapting.generate(wanted)) == expected


def test_heads_without_a_kernel_are_refused(copied_model: Path) -> None:
    config = LlamaConfig(
        vocab_size=300, hidden_size=32, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2,
        max_position_embeddings=64,
    )  # fmt: skip
    LlamaForCausalLM(config).save_pretrained(copied_model)
    with pytest.raises(InputError, match=f"^{copied_model}: heads of dimension 16, .*choose the engine transformers$"):
        VllmEngine(str(copied_model))


@pytest.mark.parametrize("options", [{"kv_cache_bytes": 1}, {"adapter_rank": 513}, {"max_model_len": 257}])
def test_options_that_cannot_be_met_are_refused(tiny_model: Path, options: dict[str, int]) -> None:
    with pytest.raises(InputError, match=next(iter(options))):
        VllmEngine(str(tiny_model), EngineOptions(**options))


def test_weights_cut_short_are_refused(copied_model: Path) -> None:
    weights = (copied_model / "model.safetensors").read_bytes()
    (copied_model / "model.safetensors").write_bytes(weights[: len(weights) // 2])
    with pytest.raises(InputError, match=f"^{copied_model}: vLLM cannot run it here .*metadata"):
        VllmEngine(str(copied_model))


def test_an_engine_says_what_it_is(engine: VllmEngine, portable: TransformersEngine) -> None:
    assert engine.name.startswith("vllm ") and engine.name[5].isdigit()
    assert portable.name.startswith("transformers ")
    assert engine.fingerprint == portable.fingerprint
    assert engine.setting.split()[0] == "float32"


def test_a_merged_adapter_says_what_the_adapter_said_and_scores_as_the_portable_engine_does(
    adapting: VllmEngine, tiny_model: Path, adapters: tuple[Path, Path], tmp_path: Path
) -> None:
    """The way to the log-probabilities of a tuned model, which vLLM cannot give with an adapter beside the weights."""
    from peft import PeftModel

    merged = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(tiny_model), adapters[0]).merge_and_unload()
    merged.save_pretrained(tmp_path)
    AutoTokenizer.from_pretrained(tiny_model).save_pretrained(tmp_path)
    wanted = [replace(one, adapter=str(adapters[0])) for one in asked()]
    scored = [ScoreRequest(f"{place}", prompt, " sat on") for place, prompt in enumerate(PROMPTS[:8])]
    engine, peer = VllmEngine(str(tmp_path)), TransformersEngine(str(tmp_path))
    try:
        assert list(engine.generate(asked())) == list(adapting.generate(wanted))
        for score, other in zip(engine.score(scored), peer.score(scored), strict=True):
            assert score.token_ids == other.token_ids and score.logprobs
            assert score.logprobs == pytest.approx(other.logprobs, abs=1e-3)
    finally:
        engine.close()
        peer.close()
