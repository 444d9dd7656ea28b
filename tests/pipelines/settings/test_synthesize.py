"""A step of synthesis: the options of its method and of no other."""

from typing import Any

import pytest

from curation.errors import InputError
from pipelines.recipe import load, validate
from pipelines.settings.synthesize import METHODS, SynthesizeSettings
from synth.synthesize.qa import QaOptions


def step(**settings: Any) -> SynthesizeSettings:
    tree = {"steps": {"s": {"job": "synthesize", "model": "m", "data": ["d"], **settings}}}
    found = validate(tree, "r.yaml").steps["s"]
    assert isinstance(found, SynthesizeSettings)
    return found


def test_every_method_has_its_options_under_its_name() -> None:
    needed = {"label": {"labels": ["good", "bad"]}, "templates": {"write": 3}}
    for method in METHODS:
        settings = step(method=method, **({method: needed[method]} if method in needed else {}))
        assert type(settings.options).__name__.lower() == f"{method.replace('_', '')}options"
    assert step(method="qa", qa={"questions": 7}).options == QaOptions(questions=7)
    assert step(method="best-of", best_of={"samples": 3}) == step(method="best_of", best_of={"samples": 3})


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"method": "qaa"}, "steps.s.method is 'qaa': input should be 'qa', 'instructions'"),
        ({}, "missing key 'steps.s.method', expected how; the options of a method"),
        ({"method": "qa", "qa": {"question": 2}}, "unknown key 'steps.s.qa.question'; did you mean 'questions'?"),
        ({"method": "qa", "qa": {"questions": 0}}, "r.yaml: qa option questions is 0, expected at least 1"),
        ({"method": "qa", "probe": {}}, "steps.s.probe is set, expected only the options of the method, qa"),
        ({"method": "qa", "labelled": ["x"]}, "steps.s.labelled is set, expected it with the method label, not qa"),
        ({"method": "qa", "other_model": "x"}, "steps.s.other_model is set, expected it with dialogue or preferences"),
        ({"method": "qa", "reward_model": "x"}, "steps.s.reward_model is set, expected it with best_of or preferences"),
        (
            {"method": "preferences", "preferences": {"by": "reward"}},
            "steps.s.reward_model is not set, expected a model with one output",
        ),
        ({"method": "best_of", "best_of": {"min_reward": 0.5}}, "steps.s.reward_model is not set"),
        ({"method": "label"}, "steps.s.label is not set, expected at least the labels"),
        ({"method": "templates"}, "steps.s.templates is not set, expected templates of your own"),
        (
            {"method": "qa", "novelty": {"cluster": 2}},
            "unknown key 'steps.s.novelty.cluster'; did you mean 'clusters'?",
        ),
        ({"method": "qa", "novelty": {"wanted": 2}}, "novelty option clusters is 0, expected at least 1"),
    ],
)
def test_what_does_not_fit_is_one_sentence(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError) as caught:
        step(**settings)
    assert said in str(caught.value) and "\n" not in str(caught.value)


def test_a_recipe_names_an_earlier_step_and_stays_what_it_is(tmp_path: Any) -> None:
    path = tmp_path / "r.yaml"
    path.write_text(
        "model: m\nsteps:\n  docs: {job: curate, inputs: [x]}\n"
        "  asked: {job: synthesize, method: qa, model: $model, data: [step:docs], qa: {questions: 2}}\n"
    )
    settings = load(path, ("asked.qa.verbatim=true",)).steps["asked"]
    assert isinstance(settings, SynthesizeSettings)
    assert settings.options == QaOptions(questions=2, verbatim=True) and settings.model == "m"
    assert settings.data == ("step:docs",)
