"""Scores of the shipped seed model, in a child process, kept and continued a partition at a time."""

import random
from pathlib import Path

import polars as pl
import pytest

import pipelines.demo
from curation import tokens
from curation.errors import InputError
from curation.quality import GradeOptions, PerplexityOptions, grade, perplexity_scores
from curation.rules import rule
from pipelines.jobs.curate.grading import GRADE, PERPLEXITY, extra_rules, extra_scores, score_with_models
from pipelines.settings import EngineSettings
from pipelines.settings.grading import GradeSettings, PerplexitySettings
from synth.engines import open_engine

MODEL = Path(pipelines.demo.__file__).parent / "seed_model"
PORTABLE = EngineSettings(kind="transformers", chunk=8)
QUESTION = "Grade from 0 to 5: {text}"
SENTENCE = "Return a list of the words in the string, using sep as the delimiter string. "
NOISE = "".join(random.Random(3).choices("abcdefghijklmnopqrstuvwxyz#$%&", k=300))
TEXTS = [SENTENCE * 6, NOISE, SENTENCE, "한국어 문장은 이 모델이 거의 본 적이 없다. " * 3, "", SENTENCE * 40]


def perplexity(**more: object) -> PerplexitySettings:
    tree = {
        "model": str(MODEL),
        "window": 40,
        "context": 10,
        "tokenizer": str(MODEL),
        "engine": PORTABLE.model_dump(),
        **more,
    }
    return PerplexitySettings.model_validate(tree)


def grades(**more: object) -> GradeSettings:
    return GradeSettings.model_validate(
        {"model": str(MODEL), "prompt": QUESTION, "engine": PORTABLE.model_dump(), **more}
    )


def loaded(made, name: str) -> pl.DataFrame:
    job, pending = made
    return pl.concat([job.shelf.load("work", f"{name}-{part}") for part in pending.parts])


def ask(made, one: PerplexitySettings | None, other: GradeSettings | None) -> list[str]:
    job, pending = made
    return score_with_models(job, one, other, pending.parts, "text")


def decided(made, names: list[str], rules: tuple[rule.Rule, ...]) -> list[tuple]:
    job, pending = made
    frames = [extra_scores(job.shelf, part, names, job.shelf.load("scores", part)) for part in pending.parts]
    failed = rule.decide(pl.concat(frames), rules).drop_nulls("first_failing_rule")
    return failed.select("doc_id", "first_failing_rule").rows()


@pytest.mark.slow
def test_scores_are_those_of_the_engine_are_made_once_and_bounds_move_without_it(step, quick_children) -> None:
    made = step(TEXTS)
    job, pending = made
    names = ask(made, perplexity(), grades())
    assert names == [PERPLEXITY, GRADE]
    texts = pl.concat([job.shelf.load("work", f"text-{part}") for part in pending.parts])
    with open_engine("transformers", str(MODEL)) as engine:
        wanted = perplexity_scores(texts, engine, PerplexityOptions(40, 10), tokens.load(MODEL))
        given = grade(texts, engine, GradeOptions(QUESTION))
    bits, graded = loaded(made, PERPLEXITY), loaded(made, GRADE)
    columns = ["doc_id", "tokens", "windows", "error"]
    assert bits.select(columns).equals(wanted.select(columns)) and bits["windows"].max() > 3
    assert (bits["score"] - wanted["score"]).abs().max() < 1e-4 and (
        graded["score"] - given["score"]
    ).abs().max() < 1e-4
    assert bits["score"][1] > 1.5 * bits["score"][0]  # noise, over documentation as the model knows it
    # An empty text has no bits, a question that does not fit no grade: both pass whatever the bounds are.
    assert bits["score"].is_null().to_list() == [False, False, False, False, True, False]
    assert graded["score"].is_null().to_list() == [False, False, False, False, False, True]
    facts = [record.facts for record in job.records if "/grade/" in record.task]
    assert [(fact["scored"], fact["unscored"]) for fact in facts] == [(3, 0), (2, 1)]
    assert facts[0]["first_error"] is None and "limit" in facts[1]["first_error"]

    ran = list(job.run.done)
    between = perplexity(low=bits["score"][0] + 1e-6, high=bits["score"][1] - 1e-6)
    found = dict(decided(made, ask(made, between, grades(low=0)), extra_rules(between, grades(low=0))))
    assert found.items() >= {"00": "perplexity.bits", "01": "perplexity.bits"}.items() and "04" not in found
    second = grades(low=sorted(graded["score"].drop_nulls())[1])
    assert [name for _, name in decided(made, ask(made, perplexity(), second), extra_rules(None, second))] == [
        "grade.score"
    ]
    assert job.run.done == ran
    assert not list((job.run.folder / "work").rglob("*.sqlite*"))

    files = [job.run.folder / job.shelf.path("work", f"{PERPLEXITY}-{part}") for part in pending.parts]
    before = [file.read_bytes() for file in files]
    files[1].unlink()
    ask(made, perplexity(), grades())
    assert [file.read_bytes() for file in files] == before
    assert job.run.done == [*ran, "c/perplexity/00001-00000"]


@pytest.mark.slow
def test_a_model_that_can_score_nothing_is_bad_input(step, quick_children) -> None:
    with pytest.raises(InputError, match=r"c: perplexity: the model could score no document.*limit"):
        ask(step([SENTENCE * 200, SENTENCE * 300]), perplexity(window=100_000, tokenizer=None), None)


def test_a_model_that_is_not_there_and_one_of_a_step(step, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nowhere"):
        ask(step([SENTENCE]), None, grades(model=str(tmp_path / "nowhere")))
    with pytest.raises(InputError, match=r"c: grade\.model: found step:tuned"):
        ask(step([SENTENCE]), None, grades(model="step:tuned"))


def test_without_bounds_no_rule_and_without_settings_no_model(step) -> None:
    assert extra_rules(perplexity(), grades()) == extra_rules(None, None) == ()
    made = step([SENTENCE])
    assert ask(made, None, None) == []
    assert decided(made, [], ()) == []


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.vllm
def test_vllm_gives_the_same_scores(step) -> None:
    found = []
    for kind in ("transformers", "vllm"):
        made = step(TEXTS[:4])
        ask(made, perplexity(engine={"kind": kind}), None)
        found.append(loaded(made, PERPLEXITY)["score"].to_list())
    assert found[1] == pytest.approx(found[0], rel=1e-3)
