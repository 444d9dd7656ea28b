"""What a step leaves is named once and not changed by the steps that read it."""

from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

from pipelines.jobs.output import Output


def test_an_output_without_facts_or_models_has_none_of_its_own_to_share(tmp_path: Path) -> None:
    one, other = Output(tmp_path, "a"), Output(tmp_path, "b")
    assert one.facts == {} and one.models == {} and one.facts is not other.facts
    with pytest.raises(FrozenInstanceError):
        one.digest = "c"  # type: ignore[misc]


def test_outputs_are_the_same_when_their_content_is(tmp_path: Path) -> None:
    assert Output(tmp_path, "a", {"rows": 1}) == Output(tmp_path, "a", {"rows": 1})
    assert Output(tmp_path, "a") != Output(tmp_path, "b")
