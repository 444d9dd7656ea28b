"""A step of training: settings that are the options of a run, each under the same name."""

from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import pytest

from curation.errors import InputError
from pipelines.recipe import validate
from pipelines.settings import TrainSettings
from train.options.run import Lora, Source, TrainOptions


def step(**settings: Any) -> TrainSettings:
    tree = {"steps": {"s": {"job": "train", "model": "m", "data": [{"path": "d"}], **settings}}}
    found = validate(tree, "r.yaml").steps["s"]
    assert isinstance(found, TrainSettings)
    return found


def test_every_option_of_a_run_is_a_setting() -> None:
    missing = {one.name for one in fields(TrainOptions)} - set(TrainSettings.model_fields) - {"seed"}
    assert not missing, f"options of training that no recipe can set: {sorted(missing)}"


def test_settings_reach_the_run() -> None:
    settings = step(lora={"rank": 3, "target_modules": ["q_proj"]}, warmup=0.5, schedule="linear", steps=7)
    options = settings.options("folder", [Source(Path("rows"), 0.5)], 5)
    assert options.lora == Lora(rank=3, target_modules=("q_proj",))
    assert (options.model, options.seed, options.warmup, options.schedule, options.steps) == (
        "folder", 5, 0.5, "linear", 7,
    )  # fmt: skip
    assert TrainSettings.model_validate(settings.model_dump(mode="json")) == settings


def test_long_texts_are_split_and_long_answers_are_not() -> None:
    """A contract is longer than most models take, and what is dropped of it is not learned."""
    found = {
        (method, asked): step(method=method, **({} if asked is None else {"over_long": asked}))
        .options("m", [Source(Path("rows"))], 0)
        .over_long
        for method, asked in (("cpt", None), ("sft", None), ("dpo", None), ("cpt", "drop"), ("sft", "refuse"))
    }
    assert list(found.values()) == ["split", "drop", "drop", "drop", "refuse"]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"lora": {"ranks": 2}}, "unknown key 'steps.s.lora.ranks'; did you mean 'rank'?"),
        ({"lora": {"rank": 0}}, "lora.rank is 0, expected at least 1"),
        ({"trainable": ["*"], "tuning": "loreft"}, "steps.s.trainable is ['*'], expected none with tuning loreft"),
        ({"batch_size": 8, "micro_batch_size": 3}, "steps.s.micro_batch_size is 3, expected a divisor of batch_size 8"),
        ({"schedule": "sine"}, "steps.s.schedule is 'sine': input should be 'cosine'"),
    ],
)
def test_what_does_not_fit_is_one_sentence_before_anything_runs(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError) as caught:
        step(**settings)
    assert said in str(caught.value) and "\n" not in str(caught.value)


def test_every_setting_and_every_option_of_a_method_or_tuning_stands_in_the_page_on_training() -> None:
    page = (Path(__file__).parents[3] / "docs" / "train.md").read_text(encoding="utf-8")
    default = step()
    names = {name: getattr(default, name) for name in set(TrainSettings.model_fields) - {"job", "model", "data"}}
    dotted = {f"{name}.{one.name}" for name, value in names.items() if is_dataclass(value) for one in fields(value)}
    plain = {name for name, value in names.items() if not is_dataclass(value)}
    said = {name for name in plain if f"`{name}`" in page} | {
        name
        for name in dotted
        if f"{name}" in page or (f"{name.partition('.')[0]}: {{" in page and f"{name.partition('.')[2]}: " in page)
    }
    missing = sorted((plain | dotted) - said)
    assert not missing, f"settings of training that docs/train.md does not name: {missing}"
