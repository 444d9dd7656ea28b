"""A step is left out when the rule holds that its recipe gives for it, and what stands for it is said."""

from pathlib import Path
from typing import Any

import pytest

from curation.errors import InputError
from pipelines.jobs.output import Output
from pipelines.needed import NOT_NEEDED, in_its_place
from pipelines.recipe import validate
from pipelines.settings import Unless


def examined(*losses: tuple[str, float]) -> Output:
    summary = [{"model": name, "metric": "score", "forgotten": {"mean": loss}} for name, loss in losses]
    return Output(Path("e"), "e", {"summary": summary, "models": ["before", *dict(losses)]})


TUNED = Output(Path("t"), "digest of t", {"losses": [1.0]})
RULE = {"step": "examined", "forgotten_under": 0.05, "use": "step:tuned"}


def decided(outputs: dict[str, Output], **rule: Any) -> Output | None:
    return in_its_place("again", Unless(**{**RULE, **rule}), {"tuned": TUNED, **outputs})


def test_little_forgotten_leaves_a_step_out_and_names_what_stands_for_it():
    found = decided({"examined": examined(("after", 0.04))})
    assert (found.path, found.digest) == (TUNED.path, TUNED.digest)
    assert found.facts == {
        NOT_NEEDED: {"why": "examined shows 0.0400 forgotten, less than 0.05", "found": 0.04, "use": "tuned"}
    }
    assert decided({"examined": examined(("after", 0.05))}) is None


def test_the_last_model_is_meant_or_the_one_that_is_named_and_its_worst_unit_counts():
    outputs = {"examined": examined(("first", 0.2), ("last", 0.01))}
    assert decided(outputs) is not None
    assert decided(outputs, model="first") is None
    assert decided({"examined": examined(("after", 0.01), ("after", 0.3))}) is None


def test_what_stands_for_the_deciding_step_decides():
    said = {NOT_NEEDED: {"why": "", "found": 0.0, "use": "earlier"}}
    outputs = {"earlier": examined(("after", 0.01)), "examined": Output(Path("e"), "e", said)}
    assert decided(outputs).facts[NOT_NEEDED]["why"].startswith("earlier shows 0.0100")


def test_a_distillation_without_rows_of_a_tier():
    tiers = {"step": "examined", "forgotten_under": None, "without_tier": ["new_knowledge"]}
    distilled = {"examined": Output(Path("d"), "d", {"tiers": {"gold_fallback": 3, "new_knowledge": 0}})}
    assert decided(distilled, **tiers).facts[NOT_NEEDED]["why"] == "examined has no row of new_knowledge"
    distilled["examined"].facts["tiers"]["new_knowledge"] = 1
    assert decided(distilled, **tiers) is None
    assert not decided({"examined": examined(("a", 0.0))}, use=None).path.exists()


@pytest.mark.parametrize(
    ("output", "rule", "said"),
    [
        (Output(Path("e"), "e", {"scores": []}), {}, "compares no models, expected an evaluate step of two or more"),
        (examined(("after", 0.0)), {"model": "other"}, "shows nothing that 'other' may have forgotten"),
        (TUNED, {"forgotten_under": None, "without_tier": ["x"]}, "counts no tiers, expected a distill step"),
    ],
)
def test_a_step_that_cannot_decide_is_refused(output, rule, said):
    with pytest.raises(InputError, match=said):
        decided({"examined": output}, **rule)


@pytest.mark.parametrize(
    ("unless", "said"),
    [
        ({"tuneds": RULE}, "unless.tuneds is no step; did you mean 'tuned'?"),
        ({"tuned": RULE}, "steps.tuned uses step:examined, expected a step before it"),
        ({"again": {**RULE, "use": "step:later"}}, "steps.again uses step:later, expected a step before it"),
        ({"again": {**RULE, "forgotten_unter": 1}}, "unknown key 'unless.again.forgotten_unter'"),
    ],
)
def test_a_rule_about_what_is_not_there_is_refused_before_anything_runs(unless, said):
    training = {"job": "train", "model": "m", "data": [{"path": "x"}]}
    examination = {"job": "evaluate", "models": {"a": "m", "b": "step:tuned"}, "tasks": ["t"]}
    tree = {"steps": {"tuned": training, "examined": examination, "again": training, "later": training}}
    with pytest.raises(InputError) as caught:
        validate({**tree, "unless": unless}, "r")
    assert said in str(caught.value)
