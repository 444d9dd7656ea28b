"""vLLM's own server, started here, beside the offline engine of its model: equal tokens, numbers and samples."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from curation.errors import InputError
from curation.model import Guide, Request, Response, Sampling, ScoreRequest
from synth.engines import cached, open_engine
from synth.engines.embedding import EmbedderOptions
from synth.engines.embedding_server import ServerEmbedder
from synth.engines.options import EngineOptions
from synth.engines.server import ServerEngine, ServerOptions
from synth.engines.vllm import VllmEngine

pytestmark = [pytest.mark.vllm, pytest.mark.slow]

CHECKOUT = Path(__file__).resolve().parents[4]
TALKS: list[Any] = [
    (("user", "Add: 3 + 4"),), (("user", "글자 수를 세세요: 하늘"),), (("system", "brief"), ("user", "Reverse: cat")),
    (("user", "Add: 1 + 2"), ("assistant", "3"), ("user", "Add: 5 + 6")),
]  # fmt: skip
PROMPTS: list[Any] = [
    *TALKS, "Input: 12\nOutput:", "하늘을 나는 새", "", "word " * 600, "\ud800", (("wizard", "hello"),),
    (("user", "</s><|assistant|> 9"),),
]  # fmt: skip
SUM = '{"type":"integer","minimum":0,"maximum":99}'
SCHEMA = f'{{"type":"object","properties":{{"sum":{SUM}}},"required":["sum"],"additionalProperties":false}}'
GUIDES = [Guide(choice=("yak", "zebra", "하늘")), Guide(regex=r"[0-9]{2,3} (cats|dogs)"), Guide(json_schema=SCHEMA)]


@pytest.fixture(scope="module")
def url(start_vllm: Callable[..., str], seed_model: Path) -> str:
    return start_vllm(seed_model, 512)


@pytest.fixture(scope="module")
def engine(url: str, seed_model: Path) -> Iterator[ServerEngine]:
    """Prompts go as tokens."""
    engine = ServerEngine(str(seed_model), None, ServerOptions(url, timeout=60))
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def speaking(url: str) -> Iterator[ServerEngine]:
    """The model's folder is elsewhere: prompts go as text."""
    engine = ServerEngine("elsewhere", None, ServerOptions(url, model_name="seed", timeout=60))
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def offline(seed_model: Path) -> Iterator[VllmEngine]:
    engine = VllmEngine(str(seed_model))
    yield engine
    engine.close()


def asked(prompts: list[Any], **sampling: Any) -> list[Request]:
    settings = Sampling(**{"max_tokens": 24, **sampling})
    return [Request(f"r{place}", prompt, settings) for place, prompt in enumerate(prompts)]


@pytest.mark.parametrize(
    "sampling",
    [{}, {"max_tokens": 1}, {"max_tokens": 600}, {"repetition_penalty": 1.5}, {"stop": ("is", "는")}, {"top_k": -1},
     {"temperature": 1.0, "top_p": 0.9, "top_k": 40, "repetition_penalty": 1.1, "seed": 5}, {"temperature": 1.5}],
)  # fmt: skip
def test_answers_are_the_offline_engines(engine: ServerEngine, offline: VllmEngine, sampling: dict[str, Any]) -> None:
    """Text, tokens, reason, prompt length and refusals: all of them, drawn ones too."""
    responses = list(engine.generate(asked(PROMPTS, **sampling)))
    assert responses == list(offline.generate(asked(PROMPTS, **sampling)))
    assert [one.id for one in responses] == [one.id for one in asked(PROMPTS)]
    if sampling != {"top_k": -1}:
        assert sum(one.error is None for one in responses) >= 7


def test_scores_are_the_offline_engines(engine: ServerEngine, offline: VllmEngine) -> None:
    texts = ["", " The sum is 7.", "하늘", "word " * 300]
    requests = [ScoreRequest(f"{place} {text}", context, text, prefill)
                for place, context in enumerate(PROMPTS) for text in texts for prefill in ("", "The")]  # fmt: skip
    scores, others = list(engine.score(requests)), list(offline.score(requests))
    assert [(one.id, one.token_ids, one.error) for one in scores] == [
        (one.id, one.token_ids, one.error) for one in others
    ]
    for score, other in zip(scores, others, strict=True):
        assert score.logprobs == pytest.approx(other.logprobs, abs=1e-3)
    assert sum(len(one.logprobs) for one in scores) > 100 and any(one.error for one in scores)


def obeys(text: str, guide: Guide) -> bool:
    if guide.choice:
        return text in guide.choice
    if guide.regex is not None:
        return text.split()[0].isdigit() and text.split()[1] in ("cats", "dogs")
    return isinstance(json.loads(text)["sum"], int) and " " not in text


@pytest.mark.parametrize("guide", GUIDES)
def test_guided_answers_obey_and_are_the_offline_engines(
    engine: ServerEngine, speaking: ServerEngine, offline: VllmEngine, guide: Guide
) -> None:
    for temperature in (0.0, 1.0):
        requests = asked(TALKS, guide=guide, temperature=temperature, max_tokens=60)
        responses = list(engine.generate(requests))
        assert responses == list(offline.generate(requests))
        assert responses == list(speaking.generate(requests))
        ended = [one for one in responses if one.finish_reason == "stop"]
        assert ended and all(obeys(one.text, guide) for one in ended)


def test_an_answer_goes_on_from_its_start(engine: ServerEngine, speaking: ServerEngine, offline: VllmEngine) -> None:
    requests = [Request(f"r{place}", prompt, Sampling(24), prefill="The sum") for place, prompt in
                enumerate([*TALKS, "Input: 12\nOutput:"])]  # fmt: skip
    responses = list(engine.generate(requests))
    assert responses == list(offline.generate(requests))
    assert responses[:4] == list(speaking.generate(requests))[:4]
    assert responses[0].text.startswith(" is ")


def test_without_the_folder_conversations_are_answered_alike(engine: ServerEngine, speaking: ServerEngine) -> None:
    for sampling in ({}, {"temperature": 1.0, "top_p": 0.9, "top_k": 40, "repetition_penalty": 1.1, "stop": ("is",)}):
        requests = asked([*TALKS, "Input: 12\nOutput:", "하늘을 나는 새"], **sampling)
        assert list(speaking.generate(requests)) == list(engine.generate(requests))


def test_without_the_folder_what_the_server_refuses_is_refused(speaking: ServerEngine) -> None:
    responses = list(speaking.generate(asked(PROMPTS)))
    refused = {place: str(one.error) for place, one in enumerate(responses) if one.error}
    assert set(refused) >= {6, 7, 8}
    assert refused[6] == "prompt of 0 characters, expected at least 1"
    assert refused[7].startswith("HTTP 400 (") and "512" in refused[7]
    assert refused[8] == "the prompt holds a lone surrogate, expected Unicode text"
    assert all(one.text == "" and one.finish_reason == "refused" for one in responses if one.error)


def test_without_the_folder_nothing_is_scored(speaking: ServerEngine) -> None:
    with pytest.raises(InputError, match="^log-probabilities of a given text are asked of seed, expected vLLM's own"):
        list(speaking.score([ScoreRequest("s", "a", "b")]))


def test_a_server_for_text_gives_no_embeddings(url: str) -> None:
    with pytest.raises(
        InputError, match="seed gives no embeddings .it has no such path.*expected a server started for them"
    ):
        ServerEmbedder("elsewhere", EmbedderOptions(long="refuse"), ServerOptions(url))


def test_an_adapter_that_is_not_served_is_refused(engine: ServerEngine, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=f"^{tmp_path}: the server has no such adapter, found none"):
        list(engine.generate([Request("r", "a", Sampling(2), adapter=str(tmp_path))]))


def test_what_does_not_fit_the_server_is_refused_when_it_is_opened(
    url: str, seed_model: Path, tiny_model: Path
) -> None:
    with pytest.raises(InputError, match=f"^{tiny_model}: its tokenizer is not that of seed on the server"):
        ServerEngine(str(tiny_model), None, ServerOptions(url))
    with pytest.raises(InputError, match="^engine option max_model_len is 513, expected at most 512, the context of s"):
        ServerEngine(str(seed_model), EngineOptions(max_model_len=513), ServerOptions(url))
    with pytest.raises(InputError, match="^engine.model_name: http://127.0.0.1:[0-9]+ has no model sead, found seed$"):
        ServerEngine(str(seed_model), None, ServerOptions(url, model_name="sead"))


def test_a_second_run_asks_nothing_and_the_address_does_not_count(url: str, seed_model: Path, tmp_path: Path) -> None:
    first: list[Response] = []
    for address in (url, url.replace("127.0.0.1", "localhost")):
        with open_engine("server", str(seed_model), server=ServerOptions(address)) as opened:
            kept = cached(opened, tmp_path / "cache.sqlite")
            responses = list(kept.generate(asked(TALKS, temperature=1.0)))
            first = first or responses
            assert responses == first
            assert kept.generated == (4 if address == url else 0)
            kept.close()


def test_an_engine_says_what_it_is(engine: ServerEngine, speaking: ServerEngine, offline: VllmEngine) -> None:
    assert engine.name == f"server {offline.name}, model seed" or engine.name.startswith("server vllm ")
    assert engine.fingerprint == offline.fingerprint != speaking.fingerprint
    assert len(speaking.fingerprint) == 32


KEY = "sk-very-secret-1"


def keepwise(*arguments: str | Path) -> None:
    path = os.pathsep.join([str(CHECKOUT), os.environ.get("PYTHONPATH", "")])
    ended = subprocess.run([sys.executable, "-m", "pipelines", *map(str, arguments)], capture_output=True, text=True,
                           env=os.environ | {"PYTHONPATH": path}, check=False)  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    assert KEY not in ended.stdout + ended.stderr


@pytest.mark.long
def test_distilled_samples_are_the_offline_engines_up_to_its_name(
    url: str, seed_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [
        {
            "prompt": f"Add: {number} + {number + 3}", "completion": f"It comes to {2 * number + 3}.", "task": "add",
            "answer": f"{2 * number + 3}", "check": "number",
        }
        for number in range(2, 8)
    ]  # fmt: skip
    data = tmp_path / "rows.jsonl"
    data.write_text("".join(json.dumps(row) + "\n" for row in rows))
    samples = {}
    monkeypatch.setenv("A_KEY", KEY)
    served_by = ["--set", f"engine.url={url}", "--set", "engine.api_key_variable=A_KEY"]
    for kind, extra in (("server", served_by), ("vllm", [])):
        keepwise("distill", "--model", seed_model, "--data", data, "--out", tmp_path / kind, "--set",
                 f"engine.kind={kind}", *extra)  # fmt: skip
        (file,) = (tmp_path / kind / "samples").rglob("*.parquet")
        samples[kind] = pl.read_parquet(file)

    def nameless(text: str | None) -> Any:
        return None if text is None else {key: value for key, value in json.loads(text).items() if key != "engine"}

    served, local = samples["server"].to_dicts(), samples["vllm"].to_dicts()
    assert len(served) == len(local) == 6 and {one["tier"] for one in served} != {"gold_fallback"}
    for one, other in zip(served, local, strict=True):
        assert nameless(one.pop("generation")) == nameless(other.pop("generation"))
        for checks in (one["checks"], other["checks"]):
            for check in checks or []:
                check["score"] = None if check["score"] is None else round(check["score"], 3)
        assert one == other
    written = [path for path in (tmp_path / "server").rglob("*") if path.is_file()]
    assert len(written) > 5 and not any(KEY.encode() in path.read_bytes() for path in written)
