"""Options of reasoning: what cannot be is refused in one sentence."""

from typing import Any

import pytest

from curation.errors import InputError
from synth.synthesize.reasoning.options import ReasoningOptions


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "tree"}, "method is 'tree', expected one of chain_of_thought, least_to_most"),
        ({"compare": "words"}, "compare is 'words'"),
        ({"max_parts": 21}, "max_parts is 21, expected at most 20"),
        ({"samples": 0}, "samples is 0"),
        ({"temperature": 0.0}, "every path is the same"),
        ({"top_p": 2.0}, "top_p is 2.0"),
        ({"min_agreement": 1.1}, "min_agreement is 1.1, expected from 0 to 1"),
        ({"pattern": "(a)(b)"}, "pattern has 2 groups, expected one"),
        ({"pattern": r"(\d"}, "expected RE2 syntax: missing \\)"),
        ({"template": "{{ text }}"}, "uses the value 'text'"),
        ({"template": "{{ question }}", "method": "least_to_most"}, "expected method chain_of_thought"),
        ({"templates": {"solve": "{{ solved }} {{ part }}"}}, "templates is set, expected method least_to_most"),
    ],
)
def test_what_cannot_be_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        ReasoningOptions(**options)


def test_one_greedy_path_is_allowed() -> None:
    assert ReasoningOptions(samples=1, temperature=0.0).min_agreement == 0.5
