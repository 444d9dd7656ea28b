import pytest
from pydantic import ValidationError

from pipelines.settings import SampleSettings, StructureSettings


@pytest.mark.parametrize("tree", [{}, {"faq": {}, "sections": {}}])
def test_exactly_one_form_is_expected(tree):
    with pytest.raises(ValidationError, match="expected one of html_tables, sections"):
        StructureSettings.model_validate(tree)


def test_a_form_that_has_no_turns_makes_no_samples():
    with pytest.raises(ValidationError, match="sections"):
        SampleSettings.model_validate({"sections": {}})
    assert StructureSettings.model_validate({"sections": {"depth": 2}}).chosen()[1].depth == 2
