"""The engine of a step: its answers are kept with the run, and asked for only once."""

import http.server
import json
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, AutoTokenizer

from curation.errors import InputError
from curation.model import Request, Sampling, ScoreRequest
from pipelines import progress
from pipelines.demo import make_seed_model, seed_tokenizer
from pipelines.demo.seed_corpus import sample_texts
from pipelines.jobs.engine import CACHE, Named, answering_model, called, opened, options_of, server_of
from pipelines.settings import EngineSettings
from synth.engines import EngineOptions
from train.options.run import Source, TrainOptions
from train.training import train
from train.tunings import beside

PORTABLE = EngineSettings(kind="transformers", chunk=2)
REQUESTS = [
    Request(f"row{number}", (("user", f"Add: {number} + 4"),), Sampling(6, temperature=0.8, seed=3))
    for number in range(5)
]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The seed model before its first step."""
    folder = tmp_path_factory.mktemp("models") / "untrained"
    tokenizer = seed_tokenizer.learn(sample_texts(0, 20), [], frequent=20)
    torch.manual_seed(0)
    make_seed_model.save(make_seed_model.build_model(tokenizer), tokenizer, folder)
    return folder


def test_what_was_answered_before_is_not_generated_again(model: Path, tmp_path: Path) -> None:
    with opened(tmp_path, "first", str(model), PORTABLE) as engine:
        first = list(engine.generate(REQUESTS))
        assert (engine.generated, engine.hits) == (5, 0)
    assert (tmp_path / CACHE).is_file()
    with opened(tmp_path, "second", str(model), PORTABLE) as engine:
        assert list(engine.generate([*REQUESTS, Request("new", "Input:", Sampling(4))]))[:5] == first
        assert (engine.generated, engine.hits) == (1, 5)
    assert [response.id for response in first] == [request.id for request in REQUESTS]
    assert all(response.finish_reason in ("stop", "length") and response.token_ids for response in first)


def test_another_run_has_its_own_cache(model: Path, tmp_path: Path) -> None:
    for run in ("one", "other"):
        with opened(tmp_path / run, "step", str(model), PORTABLE) as engine:
            list(engine.generate(REQUESTS[:1]))
            assert engine.generated == 1


def test_the_settings_reach_the_engine(model: Path, tmp_path: Path) -> None:
    settings = EngineSettings(kind="transformers", max_model_len=16)
    long = Request("long", "word " * 40, Sampling(4))
    with opened(tmp_path, "step", str(model), settings) as engine:
        (response,) = engine.generate([long])
        assert response.finish_reason == "refused" and str(response.error).endswith("limit 15")  # room for one token
        (score,) = engine.score([ScoreRequest("s", "Input:", " a")])
    assert score.error is None and len(score.logprobs) == len(AutoTokenizer.from_pretrained(model)(" a")["input_ids"])


def test_a_model_that_is_not_there_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nowhere"), opened(tmp_path, "s", str(tmp_path / "nowhere"), PORTABLE):
        pass


def test_a_model_that_takes_long_to_load_is_announced(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(progress, "QUIET_SECONDS", 0.0)
    with opened(tmp_path, "distilled", str(model), PORTABLE):
        said = capfd.readouterr().err.splitlines()
    assert said[0] == "distilled: loading untrained with transformers …"
    assert re.fullmatch(r"distilled: loading untrained with transformers: \d+ s", said[1])


def test_a_model_of_the_hub_is_not_called_by_its_hash(tmp_path: Path) -> None:
    assert called("/cache/models--Qwen--Qwen3-0.6B/snapshots/c1899de289a04d12100db370d81485cdf75e47ca") == "Qwen3-0.6B"
    assert called("Qwen/Qwen3-0.6B") == called("runs/a/model/Qwen3-0.6B/") == "Qwen3-0.6B"


def test_an_error_inside_leaves_the_cache_readable(model: Path, tmp_path: Path) -> None:
    def failing() -> None:
        with opened(tmp_path, "step", str(model), PORTABLE) as engine:
            list(engine.generate(REQUESTS[:2]))
            raise ValueError("midway")

    with pytest.raises(ValueError, match="midway"):
        failing()
    with opened(tmp_path, "step", str(model), PORTABLE) as engine:
        list(engine.generate(REQUESTS[:2]))
        assert (engine.generated, engine.hits) == (0, 2)


def test_a_closed_engine_is_quoted_and_not_asked() -> None:
    named = Named("engine 1", "f" * 32)
    ask: Callable = named.generate
    assert (named.name, named.fingerprint) == ("engine 1", "f" * 32)
    with pytest.raises(RuntimeError, match="engine 1 is closed"):
        list(ask(REQUESTS))


KEY = "sk-very-secret-1"


class Talk(http.server.BaseHTTPRequestHandler):
    """A server that upper-cases what it is asked, and notes the key that it got."""

    keys: list[str] = []

    def do_GET(self) -> None:
        self._write({"data": [{"id": "served", "owned_by": "someone"}]})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.keys.append(self.headers["Authorization"])
        message = {"content": body["messages"][-1]["content"].upper()} if "messages" in body else {}
        self._write({"choices": [{"message": message, "finish_reason": "stop"}]})

    def _write(self, value: object) -> None:
        raw = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, *arguments: object) -> None:
        return


@pytest.fixture
def served() -> Iterator[EngineSettings]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Talk) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/v1"
        yield EngineSettings(kind="server", url=url, api_key_variable="A_KEY", retries=1, timeout=5)
        server.shutdown()


def test_a_server_answers_behind_the_runs_cache_and_no_file_holds_the_key(
    served: EngineSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("A_KEY", KEY)
    requests = [Request(f"row{number}", (("user", f"ask {number}"),), Sampling(6)) for number in range(5)]
    for generated in (5, 0):
        with opened(tmp_path, "step", "somebody's model", served) as engine:
            assert [one.text for one in engine.generate(requests)] == [f"ASK {number}" for number in range(5)]
            assert engine.generated == generated
            assert KEY not in engine.name + engine.fingerprint
    assert set(Talk.keys) == {f"Bearer {KEY}"}
    assert not any(KEY.encode() in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    monkeypatch.delenv("A_KEY")
    with pytest.raises(InputError, match="A_KEY is not set"), opened(tmp_path, "step", "model", served):
        pass


def test_where_a_server_is_is_passed_on() -> None:
    settings = EngineSettings(kind="server", url="http://h:1/v1", model_name="m", api_key_variable="K", concurrency=3,
                              timeout=7, retries=2)  # fmt: skip
    options = server_of(settings)
    assert options is not None
    for name in ("url", "model_name", "api_key_variable", "concurrency", "timeout", "retries"):
        assert getattr(options, name) == getattr(settings, name)
    assert server_of(PORTABLE) is None


def test_a_served_model_needs_no_folder(model: Path) -> None:
    settings = EngineSettings(kind="server", url="http://h:1/v1")
    name, digest = answering_model("somebody/model", settings, {})
    elsewhere = EngineSettings(kind="server", url="http://i:1/v1")
    named = EngineSettings(kind="server", url="http://h:1/v1", model_name="m")
    others = [answering_model("somebody/model", elsewhere, {}), answering_model("somebody/model", named, {}),
              answering_model("somebody/other", settings, {})]  # fmt: skip
    assert name == "somebody/model" and len({digest, *(other for _, other in others)}) == 4
    assert answering_model(str(model), settings, {}) == answering_model(str(model), PORTABLE, {})
    with pytest.raises(InputError, match="expected a model folder"):
        answering_model("nowhere", PORTABLE, {})


def test_what_spreads_a_model_over_gpus_reaches_its_engine() -> None:
    tree = {"max_model_len": 300, "tensor_parallel_size": 4, "data_parallel_size": 2, "gpu_memory_utilization": 0.5,
            "distributed_executor_backend": "ray"}  # fmt: skip
    assert options_of(EngineSettings.model_validate({"kind": "vllm", **tree})) == EngineOptions(**tree)
    assert options_of(EngineSettings()) == EngineOptions()


def test_adapters_are_swapped_on_one_base_without_merging(model: Path, tmp_path: Path) -> None:
    """Each gives what the base with the adapter's update in its weights gives."""
    settings = EngineSettings(kind="transformers", base=str(model))
    asked = [ScoreRequest("s", "Add: 3 + 4", " 7 and more")]
    found, names = [], []
    for seed in (1, 2):
        torch.manual_seed(seed)
        settings_of = LoraConfig(target_modules="all-linear", init_lora_weights=False)
        tuned = get_peft_model(AutoModelForCausalLM.from_pretrained(model), settings_of)
        tuned.save_pretrained(tmp_path / f"adapter-{seed}")
        tuned.merge_and_unload().save_pretrained(tmp_path / f"merged-{seed}")
        AutoTokenizer.from_pretrained(model).save_pretrained(tmp_path / f"merged-{seed}")
        place, name = answering_model(str(tmp_path / f"adapter-{seed}"), settings, {})
        names.append(name)
        with opened(tmp_path / "run", "step", place, settings) as engine:
            (beside,) = engine.score(asked)
        with opened(tmp_path / "run", "step", str(tmp_path / f"merged-{seed}"), settings) as engine:
            (inside,) = engine.score(asked)
        assert beside.logprobs == pytest.approx(inside.logprobs, abs=1e-4)
        found.append(beside.logprobs)
    assert found[0] != pytest.approx(found[1], abs=1e-2) and names[0] != names[1]
    adapter = tmp_path / "adapter-1"
    with pytest.raises(InputError, match="is an adapter, expected engine.base to name the model"):
        answering_model(str(adapter), EngineSettings(), {})
    with pytest.raises(InputError, match="expected engine.kind transformers, not vllm"):
        answering_model(str(adapter), EngineSettings(kind="vllm", base=str(model)), {})


@pytest.fixture(scope="module", params=["prompt", "prefix", "loreft"])
def tuned(request: pytest.FixtureRequest, model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a few steps of a tuning learned beside the model."""
    folder = tmp_path_factory.mktemp(request.param)
    (folder / "rows.jsonl").write_text(json.dumps({"prompt": "Input: 3", "completion": " 4 4 4"}) + "\n")
    options = TrainOptions(str(model), (Source(folder / "rows.jsonl"),), tuning=request.param, steps=8, batch_size=1,
                           learning_rate=0.3, threads=1, seed=1)  # fmt: skip
    return train(options, folder / "tuned").folder


def test_what_was_tuned_beside_a_base_answers_and_scores(tuned: Path, model: Path, tmp_path: Path) -> None:
    settings = EngineSettings(kind="auto", chunk=2, base=str(model))
    answering, digest = answering_model(str(tuned), settings, {})
    assert answering == str(tuned) and digest != answering_model(str(model), PORTABLE, {})[1]
    prompts = ["Input: 3", "Input: 17 and more"]
    requests = [Request(str(number), prompt, Sampling(5)) for number, prompt in enumerate(prompts)]
    scored = ScoreRequest("a", "Input: 3", " 4 4 4")
    with opened(tmp_path, "tuned", answering, settings) as engine:
        answers = [response.token_ids for response in engine.generate(requests)]
        score = next(iter(engine.score([scored])))
    with opened(tmp_path, "base", str(model), PORTABLE) as engine:
        before = next(iter(engine.score([scored])))
    assert score.total > before.total + 1

    whole = AutoModelForCausalLM.from_pretrained(model, dtype=torch.float32).eval()
    beside.attach(whole, tuned)
    tokenizer = AutoTokenizer.from_pretrained(tuned)
    for prompt, answer in zip(prompts, answers, strict=True):  # together in the engine, each alone here
        ids = tokenizer(prompt, return_tensors="pt")["input_ids"]
        asked, written = ids.shape[1], []
        while len(written) < len(answer):
            logits = whole(input_ids=ids, use_cache=False, prompt_tokens=torch.tensor([asked])).logits
            written.append(int(logits[0, -1].argmax()))
            ids = torch.cat([ids, torch.tensor([[written[-1]]])], dim=1)
        assert tuple(written) == answer


def test_another_engine_refuses_it_and_names_the_one_that_can(tuned: Path, model: Path) -> None:
    with pytest.raises(InputError, match="is not served by the engine vllm, expected engine.kind transformers"):
        answering_model(str(tuned), EngineSettings(kind="vllm", base=str(model)), {})
    with pytest.raises(InputError, match="was tuned beside the model 'untrained', which is neither beside it nor here"):
        answering_model(str(tuned), PORTABLE, {})
