"""Tracing: from a row to its file and rules, to what dropped it, or to the rows it was made from."""

import json
from pathlib import Path

import polars as pl
import pytest
import yaml

from curation import storage, tables
from curation.errors import InputError
from pipelines import trace
from pipelines.jobs.curate import curate
from pipelines.recipe import validate
from pipelines.run import Made, Run
from pipelines.settings import CurateSettings

PROSE = (
    "The harbour of the town was built by the people that have lived there for a long time, and it is said to be "
    "with them that the boats come home in the evening when the wind has turned and the tide begins to fall again. "
)
ENDINGS = ("Nobody counts them.", "The children wait on the wall until it is dark.", "Write to someone@example.org.")


def prose(number: int, ending: str) -> str:
    return f"Story {number} of the collection {number * 7919}. {PROSE.replace('boats', f'boats{number}')}{ending}"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A curated corpus with a document for each fate, and samples made from one of them."""
    folder = tmp_path_factory.mktemp("trace")
    stories = [prose(number, ENDINGS[number % 3]) for number in range(6)]
    texts = [*stories, "Too short.", stories[0].upper(), f"{stories[1]} Once more."]
    corpus = folder / "corpus.jsonl"
    corpus.write_text("".join(json.dumps({"text": text, "shelf": n}) + "\n" for n, text in enumerate(texts)))
    recipe = validate(
        {"steps": {"corpus": {"job": "curate", "inputs": [str(corpus)], "rules": {"length": {}, "gopher": {}}}}}, "test"
    )
    out = folder / "run"
    settings = recipe.steps["corpus"]
    assert isinstance(settings, CurateSettings)
    with Run(out, recipe.seed) as made:
        storage.write_text(yaml.safe_dump(recipe.model_dump(mode="json")), out / "recipe.yaml")
        curate(made, "corpus", settings)
        parent = documents(out).filter(pl.col("record") == 2)["doc_id"].item()
        made.task("questions/make", [], [], lambda: write_samples(out, parent))
    return out


def write_samples(out: Path, parent: str) -> Made:
    content = {
        "prompt": [{"role": "user", "content": "Who waits on the wall?"}],
        "completion": [{"role": "assistant", "content": "The children."}],
    }
    row = {
        **content,
        "sample_id": tables.sample_id("questions", "question_answer", content, [parent]),
        "task": "questions",
        "origin": "question_answer",
        "tier": "verified_self",
        "parents": [parent],
        "generation": tables.canonical_json({"model": "m", "sampling": {"temperature": 0.7}}),
        "checks": [{"name": "short_answer", "score": 1.0, "threshold": 1.0, "passed": True}],
    }
    path = "samples/questions/made.parquet"
    storage.write_parquet(pl.DataFrame([row], schema=tables.samples_schema("prompt_completion")), out / path)
    return Made((path,))


def documents(out: Path) -> pl.DataFrame:
    return pl.read_parquet(out / "documents/corpus/*.parquet")


def dropped(out: Path, rule: str) -> str:
    ledger = pl.read_parquet(out / "ledger/corpus/*.parquet")
    return ledger.filter((pl.col("action") == "drop") & pl.col("rule").str.starts_with(rule))["row_id"].item()


def test_a_kept_document_shows_its_place_and_every_rule_it_passed(run: Path) -> None:
    kept = documents(run).filter(pl.col("record") == 3).to_dicts()[0]
    found = trace.trace(run, kept["doc_id"])
    assert found.row["file"] == "corpus.jsonl" and found.row["meta"] == {"shelf": 3}
    assert found.found_in == ["documents/corpus/part-00000-00000.parquet"]
    rules = {score["rule"]: score for score in found.scores}
    assert rules["gopher.words"]["low"] == 50 and rules["gopher.words"]["score"] >= 50
    assert all(score["passed"] for score in found.scores) and "length.characters" in rules
    said = trace.lines(found)
    assert said[0] == kept["doc_id"] and "  read from corpus.jsonl, record 3" in said
    assert any(line.startswith("  rule gopher.words = ") and line.endswith(" passed") for line in said)


def test_a_dropped_document_shows_the_rule_the_value_and_the_threshold(run: Path) -> None:
    found = trace.trace(run, dropped(run, "gopher."))
    (entry,) = [row for row in found.ledger if row["action"] == "drop"]
    assert entry["rule"] == "gopher.words" and entry["value"] == 2 and entry["threshold"] == 50
    assert not {score["rule"]: score for score in found.scores}["gopher.words"]["passed"]
    said = "\n".join(trace.lines(found))
    assert "drop at stage rules by gopher.words, value 2, threshold 50" in said
    assert "Too short." in said and "record 6" in said


@pytest.mark.parametrize(("rule", "record"), [("duplicate.exact", 0), ("duplicate.minhash", 1)])
def test_a_duplicate_shows_what_it_repeats(run: Path, rule: str, record: int) -> None:
    found = trace.trace(run, dropped(run, rule))
    (entry,) = [row for row in found.ledger if row["action"] == "drop"]
    other = trace.trace(run, entry["duplicate_of"])
    assert record in (found.row["record"], other.row["record"])
    assert any(place.startswith("documents/") for place in other.found_in)
    assert f"duplicate of {entry['duplicate_of']}" in "\n".join(trace.lines(found))


def test_an_edit_is_shown_without_the_secret(run: Path) -> None:
    row = documents(run).filter(pl.col("text").str.contains("<EMAIL>", literal=True)).head(1).to_dicts()[0]
    found = trace.trace(run, row["doc_id"])
    assert [entry["rule"] for entry in found.ledger if entry["action"] == "edit"] == ["pii.email"]
    assert "someone@example.org" not in json.dumps(found.as_json()) + "\n".join(trace.lines(found))


def test_a_sample_shows_generation_checks_and_the_document_it_came_from(run: Path) -> None:
    sample = pl.read_parquet(run / "samples/questions/made.parquet")["sample_id"].item()
    found = trace.trace(run, sample[:10])
    assert found.id == sample and found.row["generation"]["sampling"] == {"temperature": 0.7}
    (parent,) = found.parents
    assert parent.row["record"] == 2 and parent.scores
    said = trace.lines(found)
    assert "  sample of task questions, origin question_answer, tier verified_self" in said
    assert any(line.startswith("  check short_answer = 1 ") for line in said)
    below = said[said.index("  made from") + 1 :]
    assert below[0] == f"    {parent.id}" and "      read from corpus.jsonl, record 2" in below


def test_a_document_is_found_by_the_id_of_its_content(run: Path) -> None:
    row = documents(run).head(1).to_dicts()[0]
    assert trace.trace(run, row["content_id"]).id == row["doc_id"]


def test_json_has_the_whole_trace(run: Path) -> None:
    sample = pl.read_parquet(run / "samples/questions/made.parquet")["sample_id"].item()
    plain = trace.trace(run, sample).as_json()
    assert json.loads(json.dumps(plain))["parents"][0]["row"]["file"] == "corpus.jsonl"


@pytest.mark.parametrize(
    ("wanted", "said"),
    [("abc", "expected at least 6"), ("zzzzzzzz", "no row has the id 'zzzzzzzz'")],
)
def test_an_id_that_is_none_is_one_sentence(run: Path, wanted: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        trace.trace(run, wanted)


def test_an_id_of_several_rows_lists_them(tmp_path: Path) -> None:
    rows = [{"doc_id": f"aaaaaaaa{n}", "text": "t"} for n in range(2)]
    frame = tables.complete(pl.DataFrame(rows), tables.DOCUMENTS)
    with Run(tmp_path / "run") as made:
        storage.write_parquet(frame, made.folder / "documents/x/part.parquet")
        made.task("x/make", [], [], lambda: Made(("documents/x/part.parquet",)))
    with pytest.raises(InputError, match="2 rows have the id 'aaaaaaaa'.*aaaaaaaa0, aaaaaaaa1"):
        trace.trace(tmp_path / "run", "aaaaaaaa")
    assert trace.trace(tmp_path / "run", "aaaaaaaa1").id == "aaaaaaaa1"


def test_a_folder_that_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="found no manifest.jsonl"):
        trace.trace(tmp_path, "abcdef")
