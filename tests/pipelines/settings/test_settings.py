import pytest
from pydantic import ValidationError

from curation.errors import InputError
from pipelines.settings import (
    CurateSettings,
    DistillSettings,
    EngineSettings,
    EvaluateSettings,
    QualitySettings,
    TrainSettings,
)

LEAST = {
    CurateSettings: {"inputs": ["x"]},
    DistillSettings: {"model": "m", "data": ["d"]},
    EngineSettings: {},
    EvaluateSettings: {"models": {"a": "b"}, "tasks": ["t"]},
    TrainSettings: {"model": "m", "data": [{"path": "p"}]},
}


@pytest.mark.parametrize("kind", LEAST, ids=lambda kind: kind.__name__)
def test_defaults_serve_unknown_keys_are_refused_and_values_stay(kind):
    settings = kind.model_validate(LEAST[kind])
    assert kind.model_validate(settings.model_dump(mode="json")) == settings
    with pytest.raises(ValidationError, match="nonsense"):
        kind.model_validate({**LEAST[kind], "nonsense": 1})
    with pytest.raises(ValidationError, match="frozen"):
        setattr(settings, next(iter(kind.model_fields)), 1)


@pytest.mark.parametrize("stage", ["lines", "substring", "semantic", "diversity", "conflicts", "c4_lines", "export"])
def test_options_of_a_stage_are_settings_as_they_are(stage):
    settings = CurateSettings.model_validate({"inputs": ["x"], stage: {}})
    assert settings.model_dump(mode="json")[stage] is not None
    with pytest.raises(ValidationError, match="nonsense"):
        CurateSettings.model_validate({"inputs": ["x"], stage: {"nonsense": 1}})


def test_what_contradicts_itself_is_refused():
    with pytest.raises(ValidationError, match="tokenizer"):
        CurateSettings.model_validate({"inputs": ["x"], "chunks": {}})
    with pytest.raises(ValidationError, match="keep_rate"):
        QualitySettings.model_validate({"model": "m", "keep_rate": 0.5, "threshold": 0.5})
    with pytest.raises(InputError, match="min_characters"):
        CurateSettings.model_validate({"inputs": ["x"], "lines": {"min_characters": 0}})
    with pytest.raises(ValidationError, match="set"):
        CurateSettings.model_validate({"inputs": ["x"], "rules": {"nonsense": {}}})
