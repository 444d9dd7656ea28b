import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from curation import quality
from curation.errors import InputError
from curation.ngrams import NgramOptions
from curation.quality.model import CARD, WEIGHTS, HeldOut, QualityModel

NGRAMS = NgramOptions(buckets=1 << 10)
MODEL = QualityModel(
    np.linspace(-1, 1, 1 << 10, dtype=np.float32), np.full(1 << 10, 1.5, np.float32), 0.25, 2.0, -0.5, NGRAMS, 10, 4,
    HeldOut(5, 2, 0.8, 0.4, 0.9, None, None, None, 0.1, 0.05),
)  # fmt: skip


def test_a_saved_model_is_the_model(tmp_path: Path):
    quality.save(MODEL, tmp_path / "one")
    quality.save(MODEL, tmp_path / "two")
    loaded = quality.load(tmp_path / "one")
    assert loaded.card() == MODEL.card() and loaded.fingerprint == MODEL.fingerprint
    texts = pl.DataFrame({"text": ["some words", "", "한국어 글"]})
    assert quality.score(texts, loaded).to_list() == quality.score(texts, MODEL).to_list()
    for name in (CARD, WEIGHTS):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    assert sorted(path.name for path in (tmp_path / "one").iterdir()) == sorted([CARD, WEIGHTS])


def test_a_model_of_vectors_is_saved_too(tmp_path: Path):
    model = replace(MODEL, ngrams=None, rarity=np.empty(0, np.float32), weights=np.ones(3, np.float32), held_out=None)
    quality.save(model, tmp_path)
    loaded = quality.load(tmp_path)
    assert loaded.card() == model.card() and loaded.ngrams is None


@pytest.mark.parametrize(
    "changed", [{"bias": 0.3}, {"slope": 1.0}, {"shift": 0.0}, {"ngrams": NgramOptions(words=1, buckets=1 << 10)}]
)
def test_the_fingerprint_knows_all_that_decides_a_score(changed: dict[str, object]):
    assert replace(MODEL, **changed).fingerprint != MODEL.fingerprint  # type: ignore[arg-type]
    assert replace(MODEL, rows=11, held_out=None).fingerprint == MODEL.fingerprint


def test_damaged_files_are_refused(tmp_path: Path):
    quality.save(MODEL, tmp_path)
    card = json.loads((tmp_path / CARD).read_text())
    for text, said in (
        ("{", "not readable"),
        (json.dumps({**card, "format": 7}), "format is 7, expected 1"),
        (json.dumps({**card, "bias": 9.0}), "expected two files of one model"),
        (json.dumps({key: value for key, value in card.items() if key != "slope"}), "'slope' is wrong or missing"),
        (json.dumps({**card, "ngrams": {**card["ngrams"], "buckets": 1 << 11}}), "weights of shape"),
    ):
        (tmp_path / CARD).write_text(text)
        with pytest.raises(InputError, match=said):
            quality.load(tmp_path)
    (tmp_path / CARD).write_text(json.dumps(card))
    (tmp_path / WEIGHTS).write_bytes((tmp_path / WEIGHTS).read_bytes()[:100])
    with pytest.raises(InputError, match="expected weights of a quality model"):
        quality.load(tmp_path)
    with pytest.raises(InputError, match="not readable"):
        quality.load(tmp_path / "nowhere")
