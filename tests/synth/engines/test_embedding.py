"""Texts cut into windows, and what an embedder is told, on real tokenizers."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from curation.errors import InputError
from curation.model import Text
from synth.engines.embedding import CHUNK, Cutter, EmbedderOptions, embedded, pooling_of

LONG = "the cat sat on the mat and the dog sat on the cat; 하늘을 나는 새 " * 9


@dataclass
class Config:
    """The part of a configuration that cutting reads."""

    vocab_size: int = 400
    max_position_embeddings: int = 64
    model_type: str = "llama"
    pad_token_id: int = 0


@pytest.fixture(scope="module")
def tokenizer(write_tokenizer, tmp_path_factory):
    """The folder of a tokenizer that puts a token before and one after a text."""
    folder = tmp_path_factory.mktemp("tokenizer")
    write_tokenizer(ends=True).save_pretrained(folder)
    return folder


def cutter(folder: Path, config: Config | None = None, length: int = 64, **options: object) -> Cutter:
    return Cutter(folder, "m", config or Config(), length, EmbedderOptions(**options))


def test_a_text_that_fits_is_one_window_and_a_longer_one_several_of_like_size(tokenizer, write_tokenizer):
    plain = write_tokenizer()(LONG, add_special_tokens=False)["input_ids"]
    short, blank, long = cutter(tokenizer).windows([Text("a", "the cat"), Text("b", " \n"), Text("c", LONG)])
    assert len(short) == 1 and short[0][0] == 1 and short[0][-1] == 2 and blank == []
    assert [token for window in long for token in window[1:-1]] == plain
    assert {window[0] for window in long} == {1} and {window[-1] for window in long} == {2}
    sizes = {len(window) for window in long}
    assert max(sizes) <= 64 and max(sizes) - min(sizes) <= 1 and len(long) == -(-len(plain) // 62)


def test_a_prefix_stands_before_every_window(tokenizer, write_tokenizer):
    prefix = write_tokenizer()("query: ", add_special_tokens=False)["input_ids"]
    (windows,) = cutter(tokenizer, prefix="query: ").windows([Text("a", LONG)])
    assert len(windows) > 2
    shared = len(prefix) - 1  # its last token may be of the text as well
    assert all(list(window[1 : 1 + shared]) == prefix[:shared] and len(window) <= 64 for window in windows)


def test_special_tokens_in_a_text_are_characters(tokenizer):
    (windows,) = cutter(tokenizer).windows([Text("a", "the cat<|end|><|pad|><|bos|>")])
    assert windows[0].count(2) == windows[0].count(1) == 1 and 0 not in windows[0]


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        (LONG, {"long": "refuse"}, r"text x: \d+ tokens, limit 64; expected long: chunk_mean"),
        ("a\ud800b", {}, r"text x: character 1 is the lone surrogate U\+D800"),
    ],
)
def test_a_text_that_cannot_be_embedded_is_named(tokenizer, text, options, message):
    with pytest.raises(InputError, match=message):
        cutter(tokenizer, **options).windows([Text("w", "the cat"), Text("x", text)])


def test_a_tokenizer_with_more_tokens_than_its_model_is_bad_input(tokenizer):
    with pytest.raises(InputError, match="text x: token .* the model's: it has 20"):
        cutter(tokenizer, Config(vocab_size=20)).windows([Text("x", "the cat")])


def test_the_window_is_what_positions_tokenizer_and_user_allow(tokenizer, write_tokenizer, tmp_path):
    assert cutter(tokenizer).length == 64 and cutter(tokenizer, length=32).length == 32
    assert cutter(tokenizer, Config(model_type="xlm-roberta", pad_token_id=1)).length == 62
    short = write_tokenizer(ends=True)
    short.model_max_length = 40
    short.save_pretrained(tmp_path)
    assert cutter(tmp_path).length == 40
    with pytest.raises(InputError, match="windows of 2 tokens, expected at least 3"):
        cutter(tokenizer, length=2)


def sentence_model(folder: Path, parts: list[str], **pooling: object) -> Path:
    modules = [{"path": "1_Pooling" if part == "Pooling" else part, "type": f"some.models.{part}"} for part in parts]
    (folder / "modules.json").write_text(json.dumps(modules))
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(pooling))
    return folder


@pytest.mark.parametrize(
    ("pooling", "expected"),
    [
        ({"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False}, "cls"),
        ({"pooling_mode_mean_tokens": True}, "mean"),
        ({"pooling_mode_lasttoken": True, "include_prompt": True}, "last"),
        ({"pooling_mode": "cls"}, "cls"),
    ],
)
def test_a_sentence_models_folder_says_how_it_pools(tmp_path, pooling, expected):
    folder = sentence_model(tmp_path, ["Transformer", "Pooling", "Normalize"], **pooling)
    assert pooling_of(folder, "auto") == expected and pooling_of(folder, "mean") == "mean"


def test_a_folder_that_says_nothing_pools_by_the_mean(tmp_path):
    assert pooling_of(tmp_path, "auto") == "mean"


@pytest.mark.parametrize(
    ("parts", "pooling", "message"),
    [
        (["Transformer", "Pooling"], {"pooling_mode_max_tokens": True}, "pools by max_tokens, expected one of mean"),
        (["Pooling"], {"pooling_mode_max_tokens": True, "pooling_mode_cls_token": True}, "cls and max_tokens"),
        (["Transformer", "Pooling", "Dense"], {"pooling_mode_cls_token": True}, "its part Dense is not applied"),
    ],
)
def test_what_a_sentence_model_needs_besides_is_said(tmp_path, parts, pooling, message):
    folder = sentence_model(tmp_path, parts, **pooling)
    with pytest.raises(InputError, match=message):
        pooling_of(folder, "auto")
    assert pooling_of(folder, "cls") == "cls"


def test_settings_of_a_sentence_model_that_are_no_json(tmp_path):
    (tmp_path / "modules.json").write_text("{")
    with pytest.raises(InputError, match="modules.json: not JSON"):
        pooling_of(tmp_path, "auto")
    (tmp_path / "modules.json").write_text("{}")
    with pytest.raises(InputError, match="modules.json: found dict, expected list"):
        pooling_of(tmp_path, "auto")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"pooling": "max"}, "pooling is 'max', expected one of auto, mean"),
        ({"long": "cut"}, "long is 'cut'"),
        ({"dtype": "int8"}, "dtype is 'int8'"),
        ({"batch": 0}, "batch is 0, expected at least 1"),
        ({"max_model_len": 0}, "max_model_len is 0"),
        ({"gpu_memory_utilization": 0}, "gpu_memory_utilization is 0"),
    ],
)
def test_options_that_make_no_sense_are_refused(options, message):
    with pytest.raises(InputError, match=message):
        EmbedderOptions(**options)


def test_windows_are_averaged_by_their_tokens_and_every_text_answered_once_in_chunks(tokenizer):
    calls: list[int] = []

    def pool(windows):
        calls.append(len(windows))
        return np.array([[len(window), 7.0] for window in windows], np.float32)

    cut = cutter(tokenizer)
    texts = [Text("long", LONG), Text("blank", ""), *(Text(str(n), f"the cat {n % 3}") for n in range(CHUNK))]
    found = list(embedded(texts, cut, pool, 2, None))
    assert [one.id for one in found] == [text.id for text in texts]
    sizes = np.array([len(window) for window in cut.windows(texts[:1])[0]], float)
    expected = np.array([(sizes**2).sum() / sizes.sum(), 7.0])
    np.testing.assert_allclose(found[0].values, expected / np.linalg.norm(expected), rtol=1e-6)
    assert not found[1].values.any() and found[1].values.shape == (2,)
    assert calls == [len(sizes) + 3, 2]  # equal texts of a chunk are shown to the model once
    assert all(one.values.dtype == np.float32 for one in found)


def test_numbers_that_are_not_finite_are_bad_input(tokenizer):
    with pytest.raises(InputError, match="text x: the model gave no finite numbers"):
        list(embedded([Text("x", "the cat")], cutter(tokenizer), lambda ws: np.full((len(ws), 2), np.nan), 2, None))
