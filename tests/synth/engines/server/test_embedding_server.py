"""Vectors through an address: from a server that a test makes, and from vLLM's own beside the same model here."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from curation.errors import InputError
from curation.model import Text
from synth.engines.embedders import identity, open_embedder
from synth.engines.embedding import EmbedderOptions
from synth.engines.embedding_server import ServerEmbedder
from synth.engines.embedding_transformers import TransformersEmbedder
from synth.engines.server import ServerOptions

WHOLE = EmbedderOptions(long="refuse")
WINDOWS = EmbedderOptions(max_model_len=32)
TEXTS = [Text("b", "the cat sat on the mat"), Text("a", "새"), Text("blank", " \n"), Text("c", "the dog 하늘을 나는")]
LONG = Text("long", "the dog 하늘을 " * 100)


def vectors(embedder: Any, texts: list[Text]) -> np.ndarray:
    found = list(embedder.embed(texts))
    assert [one.id for one in found] == [text.id for text in texts]
    return np.stack([one.values for one in found])


# --- a server that knows nothing of tokens ----------------------------------------------------------------------------


@pytest.fixture
def sent(scripted: Any) -> list[list[str]]:
    """What the scripted server was asked for, whose vectors tell the length of each text, in reverse order."""
    asked: list[list[str]] = []

    def rule(request: Any) -> Any:
        asked.append(request.body["input"])
        data = [{"index": place, "embedding": [len(text), 0.0, 1.0]} for place, text in enumerate(asked[-1])]
        return {"data": data[::-1]}

    scripted.rules["/v1/embeddings"] = rule
    return asked


@pytest.fixture
def embedder(scripted: Any, sent: list[list[str]]) -> Iterator[ServerEmbedder]:
    opened = ServerEmbedder("no folder", WHOLE, ServerOptions(scripted.url, concurrency=2, wait=0.01, retries=1))
    sent.clear()
    yield opened
    opened.close()


def test_vectors_come_back_by_id(embedder: ServerEmbedder, sent: list[list[str]]) -> None:
    texts = [Text(f"t{place}", "x" * (place % 5)) for place in range(150)]
    for text, one in zip(texts, vectors(embedder, texts), strict=True):
        length = len(text.text)
        assert (one[0] / one[2] if length else one.any()) == pytest.approx(length)
        assert (one**2).sum() == pytest.approx(1.0 if length else 0.0)
    assert max(map(len, sent)) <= 32 and sum(map(len, sent)) == 120
    assert vectors(embedder, [Text("e", "")]).tolist() == [[0.0, 0.0, 0.0]] and embedder.dimensions == 3


def test_a_text_that_is_refused_is_named_and_too_many_at_once_are_sent_alone(
    embedder: ServerEmbedder, scripted: Any, reply: Any
) -> None:
    answer = scripted.rules["/v1/embeddings"]
    scripted.rules["/v1/embeddings"] = lambda asked: (
        answer(asked) if len(asked.body["input"]) == 1 else reply(413, {"error": {"message": "one at a time"}})
    )
    assert vectors(embedder, [Text(str(place), "x" * place) for place in range(1, 9)]).shape == (8, 3)
    scripted.rules["/v1/embeddings"] = lambda asked: (
        reply(400, {"error": {"message": "too long"}}) if max(map(len, asked.body["input"])) > 5 else answer(asked)
    )
    with pytest.raises(InputError, match=r"refused the text that begins 'yyyyyy' \(HTTP 400 \(too long\)\)"):
        vectors(embedder, [Text("short", "x"), Text("other", "yyyyyy")])


def test_a_text_that_is_no_unicode_is_named(embedder: ServerEmbedder) -> None:
    with pytest.raises(InputError, match="text bad: character 1 is the lone surrogate"):
        list(embedder.embed([Text("bad", "a\ud800")]))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"pooling": "cls", "long": "refuse"}, "option pooling is 'cls', expected 'auto' with a server"),
        ({"layer": 1, "long": "refuse"}, "option layer is 1, expected -1 with a server"),
        ({"dtype": "bfloat16", "long": "refuse"}, "option dtype is 'bfloat16', expected 'auto' with a server"),
        ({}, "asked for windows of tokens, which needs vLLM's own server .*expected long: refuse"),
        ({"long": "refuse", "max_model_len": 9}, "asked for windows of tokens"),
    ],
)
def test_what_only_an_embedder_here_can_do_is_refused(scripted: Any, options: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        ServerEmbedder("no folder", EmbedderOptions(**options), ServerOptions(scripted.url))


def test_the_kind_needs_an_address_and_the_address_is_part_of_the_identity(tiny_model: Path) -> None:
    with pytest.raises(InputError, match="embedder 'server' without an address"), open_embedder("server", "m"):
        pass
    at = [ServerOptions(f"http://127.0.0.1:{port}/v1") for port in (8000, 8001)]
    names = [identity("server", model, WHOLE, one) for model in ("m", str(tiny_model)) for one in at]
    names += [identity("server", "m", EmbedderOptions(long="refuse", prefix="query: "), at[0])]
    assert len({json.dumps(one) for one in names}) == len(names)
    with pytest.raises(InputError, match="without an address"):
        identity("server", "m", WHOLE)


# --- vLLM's own server ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def url(start_vllm: Callable[..., str], tiny_model: Path) -> str:
    pooler = json.dumps({"seq_pooling_type": "MEAN"})
    return start_vllm(tiny_model, 256, "--runner", "pooling", "--pooler-config", pooler, "--no-enable-prefix-caching")


@pytest.mark.vllm
@pytest.mark.slow
@pytest.mark.long
def test_vectors_are_those_of_the_same_model_here(url: str, tiny_model: Path) -> None:
    here = TransformersEmbedder(str(tiny_model), WINDOWS)
    with open_embedder("server", str(tiny_model), WINDOWS, server=ServerOptions(url)) as served:
        found = vectors(served, [*TEXTS, LONG])
        np.testing.assert_allclose(found, vectors(here, [*TEXTS, LONG]), atol=1e-5)
        assert (served.fingerprint, served.dimensions) == (here.fingerprint, here.dimensions)
        assert not found[2].any()
    with open_embedder("server", "elsewhere", WHOLE, server=ServerOptions(url)) as speaking:
        np.testing.assert_allclose(vectors(speaking, TEXTS), found[:4], atol=1e-5)
        assert speaking.fingerprint != here.fingerprint
        with pytest.raises(InputError, match="refused the text that begins 'the dog 하늘을.*maximum context length"):
            vectors(speaking, [*TEXTS, Text("longer", LONG.text * 4)])


@pytest.mark.vllm
@pytest.mark.slow
@pytest.mark.long
def test_a_folder_with_another_tokenizer_is_refused(
    url: str, tiny_model: Path, write_tokenizer: Callable[..., Any], tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(tiny_model, tmp_path / "other"))
    tokenizer = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
    vocabulary = tokenizer["model"]["vocab"]
    plain = [word for word in vocabulary if len(word) == 1]
    moved = dict(zip(plain, [vocabulary[word] for word in (*plain[1:], plain[0])], strict=True))
    tokenizer["model"]["vocab"] = {**vocabulary, **moved}
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer, ensure_ascii=False), encoding="utf-8")
    with pytest.raises(InputError, match="its tokenizer is not that of seed on the server"):
        ServerEmbedder(str(folder), EmbedderOptions(), ServerOptions(url))
