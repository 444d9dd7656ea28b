"""Vectors by a model in a curate step: by static vectors of tokens made here, and by the shipped seed model."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from safetensors.numpy import save_file
from tokenizers import Tokenizer, models, pre_tokenizers

import pipelines.demo
from curation import stage, tables
from curation.dedup.semantic import SemanticOptions
from curation.embedding.vectors import matrix
from curation.errors import InputError
from curation.model import Text
from pipelines.jobs.curate import curate, drops, edits, embedding, vectors
from pipelines.run import Run
from pipelines.settings import CurateSettings
from pipelines.settings.embedding import EmbeddingSettings
from synth.engines.embedders import open_embedder

SEED_MODEL = str(Path(pipelines.demo.__file__).parent / "seed_model")
WORDS = ["cat", "kitten", "고양이", "price", "share", "주식", "rain", "비", "0", "1", "2", "3"]
MEANING = [0, 0, 0, 1, 1, 1, 2, 2, 3, 4, 5, 6]  # three directions that words of both languages share, and numbers
TEXTS = [
    *(f"a cat and kitten {n}" for n in range(4)), *(f"고양이 와 kitten {n}" for n in range(4)),
    *(f"the share price {n}" for n in range(4)), *(f"주식 share {n}" for n in range(4)),
]  # fmt: skip


@pytest.fixture(scope="module")
def static(tmp_path_factory) -> Path:
    """A folder of static vectors in which words of one meaning are alike across languages."""
    folder = tmp_path_factory.mktemp("static")
    tokenizer = Tokenizer(models.WordLevel({"[UNK]": 0, **{word: at + 1 for at, word in enumerate(WORDS)}}, "[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.save(str(folder / "tokenizer.json"))
    rows = np.random.default_rng(3).normal(0, 0.1, (len(WORDS) + 1, 7)).astype(np.float32)
    rows[np.arange(len(WORDS)) + 1, MEANING] += 1
    save_file({"embeddings": rows}, folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps({"model_type": "model2vec"}))
    return folder


@pytest.fixture
def settings(static) -> EmbeddingSettings:
    return EmbeddingSettings(model=str(static))


def held(job, source: str, part: str) -> pl.DataFrame:
    return job.shelf.load("work", embedding.file(source, part))


def test_every_document_has_the_models_vector_and_is_embedded_once(step, settings):
    job, pending = step([*TEXTS[:4], "", TEXTS[0]])
    vectors.ready(job, pending, settings)
    vectors.ready(job, pending, settings)
    found = pl.concat([held(job, "text", part) for part in pending.parts])
    with open_embedder("static", str(settings.model)) as engine:
        texts = [Text("", text) for text in [*TEXTS[:4], "", TEXTS[0]]]
        expected = np.stack([one.values for one in engine.embed(texts)])
    assert found["doc_id"].to_list() == [f"{n:02}" for n in range(6)]
    np.testing.assert_array_equal(matrix(found), expected)
    facts = [record.facts for record in job.records if "/vectors-" in record.task]
    assert [(fact["documents"], fact["embedded"], fact["without_vector"]) for fact in facts] == [(3, 3, 0), (3, 3, 1)]
    part = pending.parts[1]
    rows = job.shelf.load("work", f"text-{part}")
    centred = vectors.embedded(job.shelf, rows, settings, "text", part)
    assert np.abs(np.linalg.norm(centred, axis=1) - [1, 0, 1]).max() < 1e-6 and not np.allclose(centred, expected[3:])


def test_equal_texts_of_a_partition_are_shown_to_the_model_once(step, settings):
    job, pending = step(["a cat", "a cat", "rain"])
    vectors.ready(job, pending, settings)
    (record, _) = [record for record in job.records if "/vectors-" in record.task]
    assert record.facts == {"embedded": 1, "documents": 2, "without_vector": 0}


def without_commas(documents, options, threads):
    rows = documents.with_columns(pl.col("text").str.replace_all(" ,", ""))
    return stage.Edited(rows, tables.empty(tables.LEDGER))


def test_only_edited_texts_are_embedded_again(step, settings):
    job, pending = step(["a cat", "the price ,", "rain", "비"])
    vectors.ready(job, pending, settings)
    pending.source = edits.edit_rows(job, "text", pending.parts, "commas", {}, without_commas, None, False)
    job.carry_out([job.work("gone", [], [], _gone)], "gone")
    pending.decisions.append(drops.Decision("gone"))
    vectors.ready(job, pending, settings)
    assert pending.embedded == "commas-text"
    facts = [record.facts["embedded"] for record in job.records if "/vectors-commas" in record.task]
    assert facts == [1, 0]
    found = pl.concat([held(job, "commas-text", part) for part in pending.parts])
    assert found["doc_id"].to_list() == ["00", "01", "02"]
    assert found.row(0) == held(job, "text", pending.parts[0]).row(0)


def _gone(shelf):
    gone = tables.complete(pl.DataFrame({"doc_id": ["03"], "rule": ["test.gone"]}), stage.DROPS)
    return vectors.Made((shelf.save(gone, "work", "gone"),))


def test_documents_of_one_meaning_in_two_languages_are_semantic_duplicates(step, left, ledger, static):
    made = step(["a cat", "고양이", "the price", "주식", "a kitten", "rain", "비", "the share"])
    settings = EmbeddingSettings(model=str(static), centre=False)
    vectors.ready(*made, settings)
    vectors.drop_semantic(*made, SemanticOptions(threshold=0.9), settings)
    assert left(made).height == 3 and ledger(made).height == 5
    assert set(ledger(made)["rule"]) == {"duplicate.semantic"}


def corpus(folder: Path) -> dict:
    (folder / "in.jsonl").write_text("".join(json.dumps({"text": text}) + "\n" for text in [*TEXTS, TEXTS[0]]))
    (folder / "finance.txt").write_text("share price 주식\n")
    return {
        "inputs": [str(folder / "in.jsonl")], "rules": {}, "minhash": None, "personal_data": [],
        "topics": {"clusters": 2}, "semantic": {"threshold": 0.999},
        "target": {"files": [str(folder / "finance.txt")], "method": "neighbours", "share": 0.5},
        "selection": {"method": "nearest", "number": 3, "clusters": 2},
    }  # fmt: skip


def carry_out(folder: Path, tree: dict) -> list[str]:
    """Curate; the tasks that ran."""
    with Run(folder / "run") as run:
        curate(run, "c", CurateSettings.model_validate(tree))
        return [task.removeprefix("c/") for task in run.done]


def everything(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.suffix in (".parquet", ".safetensors"))
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def outcome(run: Path) -> tuple[list[str], int]:
    """Texts that are left, and how many were dropped."""
    kept = pl.concat([pl.read_parquet(path) for path in (run / "documents" / "c").glob("*.parquet")])
    dropped = pl.concat([pl.read_parquet(path) for path in (run / "dropped" / "c").glob("*.parquet")])
    return kept["text"].to_list(), dropped.height


def test_a_step_by_static_vectors_keeps_what_the_target_means_and_reruns_what_depends_on_the_model(tmp_path, static):
    tree = {**corpus(tmp_path), "embedding": {"model": str(static)}}
    first = carry_out(tmp_path, tree)
    kept, dropped = outcome(tmp_path / "run")
    assert len(kept) == 3 and len(kept) + dropped == len(TEXTS) + 1
    assert all("share" in text for text in kept)  # in either language, by words that are not the target's alone
    assert carry_out(tmp_path, tree) == []
    before = everything(tmp_path / "run")
    gone = next((tmp_path / "run" / "work" / "c").glob("vectors-*.parquet"))
    gone.unlink()
    assert len(carry_out(tmp_path, tree)) == 1 and everything(tmp_path / "run") == before
    changed = carry_out(tmp_path, {**tree, "embedding": {"model": str(static), "centre": False}})
    assert not any(task.startswith(("read", "vectors", "filter")) for task in changed) and "topics-centres" in changed
    other = carry_out(tmp_path, {**tree, "embedding": {"dimensions": 4}})
    assert 0 < len(other) < len(first) and not any(task.startswith(("read", "vectors")) for task in other)
    assert not list((tmp_path / "run" / "work" / "c").glob("vectors-*"))


@pytest.mark.slow
def test_a_step_by_hidden_states_is_conserved_resumed_and_the_same_again(tmp_path, quick_children):
    tree = {**corpus(tmp_path), "embedding": {"model": SEED_MODEL, "engine": "transformers"}}
    ran = carry_out(tmp_path, tree)
    assert any(task.startswith("vectors-") for task in ran) and "target-vectors" in ran
    kept, dropped = outcome(tmp_path / "run")
    assert len(kept) == 3 and len(kept) + dropped == len(TEXTS) + 1
    assert carry_out(tmp_path, tree) == []
    before = everything(tmp_path / "run")
    next((tmp_path / "run" / "work" / "c").glob("vectors-*.parquet")).unlink()
    assert len(carry_out(tmp_path, tree)) == 1 and everything(tmp_path / "run") == before


def test_a_model_of_another_step_and_one_that_is_not_there(step, tmp_path):
    for model, message in (("step:tuned", r"c: embedding\.model: found step:tuned"), (str(tmp_path), "config.json")):
        with pytest.raises(InputError, match=message):
            vectors.ready(*step(["a"]), EmbeddingSettings(model=model))


class Counting(BaseHTTPRequestHandler):
    """A server whose model counts the letters a, b and c."""

    def do_GET(self) -> None:
        self._reply({"data": [{"id": "counting"}]})

    def do_POST(self) -> None:
        texts = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["input"]
        self._reply({"data": [{"index": at, "embedding": [text.count(one) for one in "abc"]}
                              for at, text in enumerate(texts)]})  # fmt: skip

    def _reply(self, body: object) -> None:
        raw = json.dumps(body).encode()
        self.send_response(200 if self.path in ("/v1/models", "/v1/embeddings") else 404)
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, *arguments: object) -> None:
        return


def test_vectors_may_come_from_a_server_whose_model_is_not_here(step):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Counting)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    settings = EmbeddingSettings(
        model="elsewhere", engine="server", url=f"http://127.0.0.1:{server.server_port}/v1", long="refuse"
    )
    job, pending = step(["ab", "", "caa", "b"])
    vectors.ready(job, pending, settings)
    server.shutdown()
    server.server_close()
    found = matrix(pl.concat([held(job, "text", part) for part in pending.parts]))
    expected = np.array([[1, 1, 0], [0, 0, 0], [2, 0, 1], [0, 1, 0]])
    np.testing.assert_allclose(found, expected / np.array([[2**0.5], [1], [5**0.5], [1]]), atol=1e-6)
