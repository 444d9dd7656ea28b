"""The cache: nothing is generated twice, a kill loses one chunk at most, and no two questions share an answer."""

import sqlite3
from collections.abc import Callable
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file, save_file

from curation.errors import InputError
from curation.model import Guide, Request, Sampling, ScoreRequest
from synth import engines
from synth.engines.cache import Cached
from synth.engines.engine import Unfinished
from synth.engines.options import EngineOptions

CHECKOUT = Path(__file__).resolve().parents[3]
GREEDY = Sampling(max_tokens=6)
DRAWN = Sampling(max_tokens=6, temperature=1.0, top_p=0.9, top_k=40, repetition_penalty=1.1, stop=("\n\n",), seed=3)
Open = Callable[..., Any]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run" / "cache.sqlite"


@pytest.fixture(scope="module")
def shared(open_watched: Open) -> Any:
    return open_watched()


@pytest.fixture
def engine(shared: Any) -> Any:
    shared.chunks = []
    return shared


def drawn(count: int = 10) -> list[Request]:
    """Two samples of each request, one of them of a prompt that does not fit."""
    prompts = ["the cat", "하늘", "", "zq" * 200, (("user", "dog"),)]
    return [Request(f"r{place // 2}", prompts[place // 2 % 5], DRAWN, place % 2) for place in range(count)]


def content(path: Path) -> list[tuple[Any, ...]]:
    """Every row of the file, in the order of its key."""
    with sqlite3.connect(path) as connection:
        return [row for table in ("answers", "scores")
                for row in connection.execute(f"SELECT * FROM {table} ORDER BY key")]  # fmt: skip


def test_a_second_run_generates_nothing(open_watched: Open, portable: Any, path: Path) -> None:
    asks = [ScoreRequest(f"s{place}", "the", text) for place, text in enumerate([" cat", "", "zq" * 200, "하늘"])]
    engine = open_watched()
    cached = Cached(engine, path, chunk=4)
    responses, scores = list(cached.generate(drawn())), list(cached.score(asks))
    assert (cached.generated, cached.hits) == (8 + 3, 0)
    assert cached.tokens == sum(len(one.token_ids) for one in responses)
    assert (responses, scores) == (list(portable.generate(drawn())), list(portable.score(asks)))
    cached.close()
    engine.close()  # without its model an engine can make nothing
    again = Cached(engine, path, chunk=4)
    assert (list(again.generate(drawn())), list(again.score(asks))) == (responses, scores)
    assert (again.generated, again.hits, again.tokens) == (0, 8 + 3, 0)
    with pytest.raises(TypeError):
        list(again.generate([Request("new", "another", GREEDY)]))
    again.close()


def test_what_was_asked_before_is_not_rendered_again_unless_another_code_would_render_it(
    open_watched: Open, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = open_watched()
    rendered: list[Any] = []
    prompt, passage = engine.prompt, engine.passage
    monkeypatch.setattr(engine, "prompt", lambda request: rendered.append(request) or prompt(request))
    monkeypatch.setattr(engine, "passage", lambda request: rendered.append(request) or passage(request))
    asks = [ScoreRequest("s", "the", " cat"), ScoreRequest("t", "the", "zq" * 200)]
    cached = Cached(engine, path, chunk=4)
    first = [*cached.generate(drawn()), *cached.score(asks)]
    assert len(rendered) == 12
    del rendered[:]
    assert [*cached.generate(drawn()), *cached.score(asks)] == first
    assert rendered == [*drawn()[6:8], asks[1]]  # what is refused has no answer that could be found
    engine.asking = "another"
    del rendered[:]
    assert [*cached.generate(drawn()), *cached.score(asks)] == first
    assert (len(rendered), cached.generated) == (12, 9)
    del rendered[:]
    assert [*cached.generate(drawn()), *cached.score(asks)] == first
    assert len(rendered) == 3
    cached.close()


def test_a_score_after_another_start_of_the_answer_is_another(engine: Any, path: Path) -> None:
    cached = Cached(engine, path)
    asks = [ScoreRequest("s", "the", " cat", prefill) for prefill in ("", " dog and the")]
    assert list(cached.score(asks)) == list(engine.score(asks)) == list(cached.score(asks))
    assert (cached.generated, cached.hits) == (2, 2)
    cached.close()


def test_what_was_answered_before_an_engine_gave_up_is_kept(
    engine: Any, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = engine.answer
    asks = [Request(f"r{place}", prompt, GREEDY) for place, prompt in enumerate(["the cat", "dog", "하늘"])]

    def gives_up(prompts: Any, progress: Any = None) -> Any:
        raise Unfinished("gone", {1: whole(prompts[1:2])[0]})

    with monkeypatch.context() as broken:
        broken.setattr(engine, "answer", gives_up)
        first = Cached(engine, path, chunk=3)
        with pytest.raises(Unfinished, match="gone"):
            list(first.generate(asks))
        assert first.generated == 1
        first.close()
    engine.chunks = []
    cached = Cached(engine, path, chunk=3)
    assert [one.id for one in cached.generate(asks)] == ["r0", "r1", "r2"]
    assert (engine.chunks, cached.hits) == ([["r0", "r2"]], 1)
    cached.close()


def test_a_key_whose_answer_is_not_there_is_worked_out_again(engine: Any, path: Path) -> None:
    cached = Cached(engine, path)
    ask = Request("r", "the cat", GREEDY)
    right = next(cached.generate([ask]))
    name, key = cached._request_name(ask), cached._prompt_key(engine.prompt(ask))
    assert cached._store.keys([name]) == {name: key}
    cached._store.add_keys({name: "0" * 32})
    assert next(cached.generate([ask])) == right
    assert cached._store.keys([name]) == {name: key}
    assert (cached.generated, cached.hits) == (1, 1)
    cached.close()


def test_what_is_refused_is_neither_kept_nor_counted(engine: Any, path: Path) -> None:
    cached = Cached(engine, path)
    responses = list(cached.generate(drawn()[6:8]))
    scores = list(cached.score([ScoreRequest("s", "the", "zq" * 200)]))
    assert {one.error for one in (*responses, *scores)} == {"prompt of 401 tokens, limit 255", "prompt of 402 tokens, "
                                                            "limit 255"}  # fmt: skip
    assert (cached.generated, cached.hits, engine.chunks, content(path)) == (0, 0, [], [])
    cached.close()


def test_what_the_engine_gave_up_is_asked_again(engine: Any, path: Path) -> None:
    """Its error is not in the file, so an answer that is would be one without a reason."""
    cached = Cached(engine, path)
    asks = [Request("nowhere", "the", Sampling(9, guide=Guide(regex=r"a[^\d\D]"))), Request("r", "the", GREEDY)]
    first, second = list(cached.generate(asks)), list(cached.generate(asks))
    assert first == second and "no token can follow" in first[0].error
    assert (cached.generated, cached.hits, engine.chunks) == (1, 1, [["nowhere", "r"], ["nowhere"]])
    cached.close()


def test_another_order_and_other_chunks_are_answered_by_id(engine: Any, path: Path) -> None:
    cached = Cached(engine, path, chunk=3)
    expected = {(one.id, one.sample): one for one in cached.generate(drawn())}
    cached.close()
    again = Cached(engine, path, chunk=7)
    responses = list(again.generate(drawn()[::-1]))
    assert [(one.id, one.sample) for one in responses] == [(one.id, one.sample) for one in drawn()[::-1]]
    assert all(expected[one.id, one.sample] == one for one in responses)
    assert again.generated == 0
    again.close()


def test_only_what_is_missing_of_a_chunk_is_made(engine: Any, path: Path) -> None:
    cached = Cached(engine, path, chunk=4)
    list(cached.generate(drawn()[:3] + drawn()[8:9]))
    engine.chunks.clear()
    responses = list(cached.generate(drawn()))
    assert engine.chunks == [["r1"], ["r2", "r2"], ["r4"]]
    assert [(one.id, one.sample) for one in responses] == [(one.id, one.sample) for one in drawn()]
    assert (cached.generated, cached.hits) == (4 + 4, 4)
    cached.close()


def test_equal_greedy_requests_are_made_once_and_answered_each(engine: Any, path: Path) -> None:
    cached = Cached(engine, path, chunk=4)
    requests = [Request(f"r{place}", "the cat", GREEDY, place) for place in range(6)]
    responses = list(cached.generate(requests))
    assert [(one.id, one.sample) for one in responses] == [(f"r{place}", place) for place in range(6)]
    assert len({one.text for one in responses}) == 1
    assert engine.chunks == [["r0"]]
    assert (cached.generated, cached.hits) == (1, 5)
    scores = list(cached.score(ScoreRequest(str(place), "the", " cat") for place in range(6)))
    assert [one.id for one in scores] == list("012345")
    assert engine.chunks == [["r0"], ["0"]]
    cached.close()


BASE = Request("r", "the cat", DRAWN)
OTHERS = {
    "prompt": replace(BASE, prompt="the  cat"),
    "turns": replace(BASE, prompt=(("user", "the cat"),)),
    "id": replace(BASE, id="r2"),
    "sample": replace(BASE, sample=1),
    "max_tokens": replace(BASE, sampling=replace(DRAWN, max_tokens=7)),
    "temperature": replace(BASE, sampling=replace(DRAWN, temperature=0.9)),
    "greedy": replace(BASE, sampling=replace(DRAWN, temperature=0.0)),
    "top_p": replace(BASE, sampling=replace(DRAWN, top_p=0.91)),
    "top_k": replace(BASE, sampling=replace(DRAWN, top_k=41)),
    "repetition_penalty": replace(BASE, sampling=replace(DRAWN, repetition_penalty=1.2)),
    "stop": replace(BASE, sampling=replace(DRAWN, stop=("\n",))),
    "seed": replace(BASE, sampling=replace(DRAWN, seed=4)),
    "prefill": replace(BASE, prefill=" sat"),
    "choice": replace(BASE, sampling=replace(DRAWN, guide=Guide(choice=("cat", "dog")))),
    "regex": replace(BASE, sampling=replace(DRAWN, guide=Guide(regex="cat|dog"))),
    "json_schema": replace(BASE, sampling=replace(DRAWN, guide=Guide(json_schema='{"enum": ["cat", "dog"]}'))),
}


def test_whatever_is_asked_otherwise_is_made_anew(engine: Any, path: Path, adapters: tuple[Path, Path]) -> None:
    cached = Cached(engine, path)
    others = [replace(BASE, adapter=str(folder)) for folder in adapters] + list(OTHERS.values())
    for made, request in enumerate([BASE, *others], start=1):
        list(cached.generate([request]))
        assert cached.generated == made, request
    assert list(cached.generate([BASE, *others])) and cached.generated == 1 + len(others)
    cached.close()


def test_a_greedy_answer_has_no_seed(engine: Any, path: Path) -> None:
    cached = Cached(engine, path)
    list(cached.generate([Request("r", "the cat", GREEDY)]))
    list(cached.generate([Request("other", "the cat", replace(GREEDY, seed=9), 5)]))
    assert (cached.generated, cached.hits) == (1, 1)
    cached.close()


def test_a_score_hangs_on_its_border(engine: Any, path: Path) -> None:
    cached = Cached(engine, path)
    asks = [ScoreRequest("s", "the cat", " sat"), ScoreRequest("s", "the", " cat sat"), ScoreRequest("s", "", " cat")]
    scores = [next(cached.score([ask])) for ask in asks]
    assert cached.generated == 3
    assert scores[1].logprobs[-len(scores[0].logprobs) :] == pytest.approx(scores[0].logprobs, abs=1e-4)
    cached.close()


def test_another_model_or_number_type_is_another_answer(
    open_watched: Open, engine: Any, path: Path, copied_model: Path
) -> None:
    def generated(opened: Any) -> int:
        cached = Cached(opened, path)
        list(cached.generate([BASE]))
        cached.close()
        return cached.generated

    assert generated(engine) == 1
    moved = open_watched(None, copied_model)
    assert generated(moved) == 0  # a copy is the same model
    moved.close()
    assert generated(open_watched(EngineOptions(dtype="bfloat16"))) == 1
    weights = load_file(copied_model / "model.safetensors")
    weights["lm_head.weight"][7, 7] += 1.0
    save_file(weights, copied_model / "model.safetensors", metadata={"format": "pt"})
    assert generated(open_watched(None, copied_model)) == 1


def test_an_adapter_that_was_trained_on_is_another(
    open_watched: Open, path: Path, tmp_path: Path, adapters: tuple[Path, Path]
) -> None:
    """Keyed by its content, not by where it lies."""
    folder = tmp_path / "adapter"
    folder.mkdir()
    for name in ("adapter_config.json", "adapter_model.safetensors"):
        (folder / name).write_bytes((adapters[0] / name).read_bytes())
    engine = open_watched()
    cached = Cached(engine, path)
    first = [next(cached.generate([replace(BASE, adapter=str(one))])) for one in (adapters[0], folder)]
    assert (first[0], cached.generated) == (first[1], 1)
    weights = {name: values * 3 for name, values in load_file(folder / "adapter_model.safetensors").items()}
    save_file(weights, folder / "adapter_model.safetensors", metadata={"format": "pt"})
    changed = next(cached.generate([replace(BASE, adapter=str(folder))]))
    assert cached.generated == 2
    assert changed.token_ids != first[0].token_ids
    cached.close()
    engine.close()


def test_a_chunk_is_kept_before_its_first_answer_is_given(engine: Any, path: Path) -> None:
    cached = Cached(engine, path, chunk=4)
    assert len(list(islice(cached.generate(drawn()), 1))) == 1
    assert cached.generated == len(content(path)) == 4
    assert engine.chunks == [["r0", "r0", "r1", "r1"]]
    cached.close()


@pytest.mark.parametrize(("given", "sizes"), [(None, [3, 1]), (2, [2, 2])])
def test_a_chunk_is_the_engines_unless_it_is_given(
    open_watched: Open, path: Path, given: int | None, sizes: list[int]
) -> None:
    engine = open_watched(EngineOptions(chunk=3))
    kept = engines.cached(engine, path, given)
    list(kept.generate([replace(BASE, id=f"r{place}") for place in range(4)]))
    assert [len(chunk) for chunk in engine.chunks] == sizes
    kept.close()
    engine.close()


def test_an_interrupted_chunk_is_made_again(open_watched: Open, path: Path, engine: Any) -> None:
    told: list[int] = []

    def interrupt(done: int, tokens: int) -> None:
        told.append(done)
        if len(told) == 4:
            raise KeyboardInterrupt

    slow = open_watched(EngineOptions(batch=2))
    cached = Cached(slow, path, chunk=4, progress=interrupt)
    with pytest.raises(KeyboardInterrupt):
        list(cached.generate(drawn()))
    assert len(content(path)) == cached.generated == 4
    cached.close()
    again = Cached(engine, path, chunk=4)
    assert len(list(again.generate(drawn()))) == 10
    assert (again.generated, again.hits) == (4, 4)
    again.close()


def test_progress_counts_what_was_there_too(engine: Any, path: Path) -> None:
    told: list[tuple[int, int]] = []
    cached = Cached(engine, path, chunk=4, progress=lambda done, tokens: told.append((done, tokens)))
    list(cached.generate(drawn()))
    assert sum(done for done, _ in told) == 10
    assert sum(tokens for _, tokens in told) == cached.tokens > 0
    told.clear()
    list(cached.generate(drawn()))
    assert told == [(4, 0), (4, 0), (2, 0)]
    cached.close()


def test_a_file_or_chunk_that_cannot_be_is_refused(engine: Any, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("not a cache " * 50)
    with pytest.raises(InputError, match="notes.txt: the engine cache cannot be read"):
        Cached(engine, tmp_path / "notes.txt")
    with pytest.raises(InputError, match="^chunk is 0, expected at least 1$"):
        Cached(engine, tmp_path / "cache.sqlite", chunk=0)
