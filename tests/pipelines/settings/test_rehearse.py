"""Which of the four things a rehearse step does, and settings that do not go together."""

from typing import Any

import pytest
from pydantic import ValidationError

from pipelines.settings import RehearseSettings
from pipelines.settings.rehearse import _ALWAYS, _READ


def made(**given: Any) -> RehearseSettings:
    return RehearseSettings.model_validate({"model": "m", **given})


def test_what_is_given_says_what_is_done() -> None:
    assert made().mode == "replay"
    assert made(demos=["d.jsonl"]).mode == "rehearse"
    assert made(refresh="step:buffer").mode == "refresh"
    assert made(baseline="kmeans", real={"files": ["old.jsonl"]}).mode == "baseline"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"refresh": "b", "demos": ["d"]}, "demos: found it, expected it only without refresh"),
        ({"refresh": "b", "budget_tokens": 5}, "budget_tokens: found it, expected it only without refresh"),
        ({"baseline": "random", "demos": ["d"], "real": {"files": ["o"]}}, "demos: found it, expected it only without"),
        ({"baseline": "random"}, "found no real.files, expected files of old rows"),
        ({"adaptive": {"file": "e"}}, "adaptive: found it, expected it only with demos"),
        ({"per_task": 5, "budget_tokens": 90, "demos": ["d"]}, "found beside per_task, expected one of the two"),
        ({"adaptive": {"file": "e", "margin": 2}, "demos": ["d"]}, "margin"),
        ({"outliers": 3.0}, "outliers: found it, expected it only with demos"),
        ({"outliers": 3.0, "refresh": "b"}, "outliers: found it, expected it only with demos"),
        ({"outliers": 3.0, "baseline": "random", "real": {"files": ["o"]}}, "outliers: found it, expected it only"),
        ({"outliers": -1.0, "demos": ["d"]}, "outliers"),
        ({"refine": "list", "refresh": "b"}, "refine: found it, expected it only with demos"),
        ({"samples": 5}, "samples: found it, expected it only with demos"),
        ({"replay": {"draws": 5}, "demos": ["d"]}, "replay: found it, expected it only without demos"),
        ({"real": {"files": ["o"]}}, "real: found it, expected it only with demos or baseline"),
        ({"selection": "random", "baseline": "random", "real": {"files": ["o"]}}, "selection: found it"),
        ({"selection": "best"}, "selection"),
        ({"replay": {"draw": 3}}, "draw"),
        ({"real": {"file": "x"}}, "file"),
    ],
)
def test_what_does_not_go_together_is_named(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        made(**given)


def test_a_refresh_reads_what_its_buffer_is_made_of() -> None:
    held_out = made(refresh="b", near_duplicate=0.9, long_words=5, max_tokens=7, min_consistency=0.5)
    assert held_out.unread(texts=False) is None and held_out.unread(texts=True) == "max_tokens"
    texts = made(refresh="b", replay={"max_tokens": 7, "near_duplicate": 0.9, "languages": ["ko"]})
    assert texts.unread(texts=True) is None and texts.unread(texts=False) == "replay.max_tokens"
    draws = made(refresh="b", replay={"outliers": 3.0, "clusters": 4, "rows": 5})
    assert draws.unread(texts=True) == "replay.rows" and draws.unread(texts=False) == "replay.rows"


def test_every_setting_is_read_by_a_mode() -> None:
    assert {name for names in (_ALWAYS, *_READ.values()) for name in names} == set(RehearseSettings.model_fields)


def test_settings_survive_a_recipe() -> None:
    settings = made(demos=["d"], budget_tokens=900, adaptive={"file": "e", "floor": 0.5}, samples=7)
    assert RehearseSettings.model_validate(settings.model_dump(mode="json")) == settings
    assert settings.adaptive is not None and settings.adaptive.options().floor == 0.5
