"""Every method of the recipe is reached with what it needs. The methods themselves are tested beside them."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from curation import tables
from curation.model import Response, Score
from pipelines.jobs import methods
from pipelines.settings.synthesize import METHODS, OF_DOCUMENTS, SynthesizeSettings
from synth.rows import ROWS

MORE: dict[str, Any] = {
    "label": {"labels": ["good", "bad"], "prompts": 1},
    "templates": {"plain": ["Do: {{ prompt }}"]},
    "qa": {"questions": 1},
    "instructions": {"rounds": 1, "requests": 2},
    "best_of": {"samples": 2},
    "preferences": {"samples": 2},
    "reasoning": {"samples": 2},
}


class Refusing:
    """An engine that makes nothing: every request is refused, and every method must account for that."""

    name, fingerprint = "refusing", "f" * 32

    def generate(self, requests: Any) -> Any:
        for one in requests:
            yield Response(one.id, one.sample, "", (), "refused", 1, "nothing is made")

    def score(self, requests: Any) -> Any:
        for one in requests:
            yield Score(one.id, (), (), "nothing is scored")


def rows() -> pl.DataFrame:
    made = [
        {"sample_id": f"{n:032x}", "task": "t", "prompt": [{"role": "user", "content": f"What is {n} + {n}?"}],
         "completion": [{"role": "assistant", "content": str(2 * n)}], "answer": str(2 * n), "check": "number",
         "choices": None, "file": "f", "record": n}
        for n in range(4)
    ]  # fmt: skip
    return pl.DataFrame(made, schema=ROWS)


def documents() -> pl.DataFrame:
    row = {"doc_id": "d" * 32, "content_id": "c", "text": "A text of its own.", "source": "s", "file": "f", "record": 0,
           "lang": None, "meta": "{}", "parents": []}  # fmt: skip
    return pl.DataFrame([row], schema=tables.DOCUMENTS)


@pytest.mark.parametrize("method", METHODS)
def test_a_method_whose_engine_makes_nothing_loses_nothing(method: str) -> None:
    given = {method: MORE[method]} if method in MORE else {}
    settings = SynthesizeSettings(method=method, model="m", data=("d",), **given)  # type: ignore[arg-type]
    frame = documents() if method in OF_DOCUMENTS else rows()
    engine: Any = Refusing()
    made = methods.carry_out(settings, frame, None, engine, None, "not/a/folder", None, 1)
    requests = made.report["requests"]
    assert requests["requests"] == requests["used"] + requests["dropped"]
    if method != "templates":  # the only one that asks for nothing here
        assert made.samples.height == 0 and requests["requests"] == requests["dropped"] > 0
    tables.check(made.ledger, tables.LEDGER)


def test_a_model_on_a_server_has_no_tokenizer_here(seed_model_folder: Path) -> None:
    assert methods._tokenizer("served-model") is None
    assert methods._tokenizer(str(seed_model_folder)) is not None


@pytest.fixture
def seed_model_folder() -> Path:
    return Path(__file__).resolve().parents[3] / "pipelines" / "demo" / "seed_model"


def test_a_second_model_judges_and_plays_the_user(answering: Any) -> None:
    for method, marked in (("preferences", "/judge-"), ("dialogue", "-user")):
        given = {"preferences": {"by": "judge", "samples": 2}} if method == "preferences" else {}
        settings = SynthesizeSettings(method=method, model="m", data=("d",), **given)  # type: ignore[arg-type]
        engine, other = answering(lambda request: f"Number {request.sample} it is."), answering(lambda request: "A")
        frame = documents() if method == "dialogue" else rows()
        methods.carry_out(settings, frame, None, engine, other, "m", None, 1)
        assert other.asked and all(marked in request.id for request in other.asked)
        assert not any(marked in request.id for request in engine.asked)


@pytest.mark.parametrize("method", OF_DOCUMENTS)
def test_long_documents_are_cut_by_the_tokenizer_of_the_model(method: Any, seed_model_folder: Path) -> None:
    settings = SynthesizeSettings(method=method, model="m", data=("d",), **{method: {"passage_tokens": 32}})
    frame = documents().with_columns(text=pl.lit("A sentence of its own stands here. " * 20))
    engine: Any = Refusing()
    passages = [
        methods.carry_out(settings, frame, None, engine, None, model, None, 1).report["passages"]
        for model in ("served-model", str(seed_model_folder))
    ]
    assert passages[0] == 1 < passages[1]
