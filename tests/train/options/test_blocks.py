import pytest

from curation.errors import InputError
from train.options.blocks import Blocks


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"groups": 0}, "blocks.groups is 0, expected at least 1"),
        ({"copies": -1}, "blocks.copies is -1, expected at least 1"),
        ({"placement": "middle"}, "blocks.placement is 'middle', expected one of interleaved, suffix, prefix"),
    ],
)
def test_a_bad_value_is_named(given, said):
    with pytest.raises(InputError, match=said):
        Blocks(**given)
