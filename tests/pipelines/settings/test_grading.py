import pytest
from pydantic import ValidationError

from pipelines.settings.grading import GradeSettings, PerplexitySettings


def test_bounds_may_be_left_out_and_must_leave_room():
    assert PerplexitySettings.model_validate({"model": "m"}).high is None
    assert PerplexitySettings.model_validate({"model": "m", "low": 0.5, "high": 2}).low == 0.5
    with pytest.raises(ValidationError, match=r"found low 3.0 above high 2.0"):
        PerplexitySettings.model_validate({"model": "m", "low": 3, "high": 2})


@pytest.mark.parametrize("tree", [{"window": 0}, {"context": -1}, {"windows": 3}, {"engine": {"kind": "other"}}])
def test_windows_and_engine_are_checked(tree):
    with pytest.raises(ValidationError, match=next(iter(tree))):
        PerplexitySettings.model_validate({"model": "m", **tree})


def test_a_question_shows_the_text_once():
    assert GradeSettings.model_validate({"model": "m", "prompt": "Grade {text} from 0 to 5."}).chat
    for prompt in ("Grade it.", "{text} {text}"):
        with pytest.raises(ValidationError, match="expected once"):
            GradeSettings.model_validate({"model": "m", "prompt": prompt})
    with pytest.raises(ValidationError, match="low"):
        GradeSettings.model_validate({"model": "m", "low": 6})
