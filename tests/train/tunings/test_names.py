import pytest

from curation.errors import InputError
from train.tunings.names import matching

NAMES = ["model.layers.1.mlp.up.weight", "model.layers.11.mlp.up.weight", "lm_head.weight"]


def test_patterns_name_weights_in_their_own_order():
    assert matching(NAMES, ["lm_head.*", "model.layers.1.*"]) == [NAMES[0], NAMES[2]]
    assert matching(NAMES, ["model.layers.1?.*"]) == [NAMES[1]]
    assert matching(NAMES, ["*"]) == NAMES and matching(NAMES, []) == []


@pytest.mark.parametrize("pattern", ["LM_HEAD.*", "layers.1.*", ""])
def test_a_pattern_without_a_weight_is_named(pattern: str):
    with pytest.raises(InputError, match="no weight matches .*, expected patterns for names such as 'model.layers.1"):
        matching(NAMES, ["*", pattern])
