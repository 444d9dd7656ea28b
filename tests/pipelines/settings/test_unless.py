import pytest
from pydantic import ValidationError

from pipelines.settings import Unless


@pytest.mark.parametrize("rules", [{}, {"forgotten_under": 0.1, "without_tier": ["new_knowledge"]}])
def test_a_rule_is_one_rule(rules):
    with pytest.raises(ValidationError, match="expected one of forgotten_under and without_tier"):
        Unless(step="s", **rules)
