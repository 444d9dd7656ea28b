from typing import Any

import pytest

from curation.errors import InputError
from train.options.tunings import Lora, Loreft, Prefix, Prompt, Vocabulary


@pytest.mark.parametrize(
    ("family", "values", "sentence"),
    [
        (Lora, {"rank": 0}, "lora.rank is 0, expected at least 1"),
        (Lora, {"alpha": 0}, "lora.alpha is 0"),
        (Lora, {"dropout": 1.0}, "lora.dropout is 1.0"),
        (Lora, {"target_modules": ()}, "lora.target_modules is "),
        (Lora, {"corda": "kpm"}, "lora.corda is 'kpm', expected one of none, knowledge, instruction"),
        (Lora, {"corda": "knowledge"}, "lora.corda_data is None, expected rows of the knowledge to be kept"),
        (Lora, {"corda_data": "rows"}, "lora.corda_data is 'rows', expected none unless lora.corda is set"),
        (Lora, {"corda": "instruction", "dora": True}, "lora.dora is True, expected false with lora.corda"),
        (Lora, {"corda_rows": 0}, "lora.corda_rows is 0"),
        (Prompt, {"tokens": 0}, "prompt.tokens is 0"),
        (Prefix, {"tokens": 0}, "prefix.tokens is 0"),
        (Loreft, {"rank": 0}, "loreft.rank is 0"),
        (Loreft, {"first": -1}, "loreft.first is -1"),
        (Loreft, {"first": 0, "last": 0}, r"loreft.first and loreft.last is \(0, 0\), expected one of them"),
        (Loreft, {"layers": (1, 1)}, r"loreft.layers is \[1, 1\], expected different numbers"),
        (Vocabulary, {"input": "old"}, "vocabulary.input is 'old', expected all or new"),
        (Vocabulary, {"output": "old"}, "vocabulary.output is 'old', expected all or new"),
    ],
)
def test_a_bad_value_is_named(family: type, values: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        family(**values)
