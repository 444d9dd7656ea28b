from pathlib import Path

import pytest

from curation.errors import InputError
from train.options import compatibility
from train.options.run import METHODS, TUNINGS, Source, TrainOptions


def test_what_is_refused_says_why_where_options_are_made() -> None:
    with pytest.raises(InputError, match="method cpt with tuning prompt: cpt packs several documents into a row"):
        TrainOptions("m", (Source(Path("a")),), method="cpt", tuning="prompt")
    with pytest.raises(InputError, match="tuning prefix: the prefix stands in the cache .* activations are recomputed"):
        TrainOptions("m", (Source(Path("a")),), tuning="prefix", gradient_checkpointing=True)


def test_what_is_refused_exists_and_something_is_left_of_each() -> None:
    for method, tuning in compatibility.REFUSED:
        assert method in METHODS and tuning in TUNINGS, (method, tuning)
    for method in METHODS:
        assert compatibility.refusal(method, "full") is None and compatibility.refusal(method, "lora") is None
    for tuning in TUNINGS:
        assert compatibility.refusal("sft", tuning) is None


def test_a_folder_of_each_tuning_beside_a_base_says_why_it_has_no_weights() -> None:
    assert compatibility.not_whole("loreft", "raw") == (
        "found what tuning loreft learned beside the model raw, expected a whole model: LoReFT edits hidden states at "
        "chosen positions, which is no change of weights, so that it cannot be merged or trained on"
    )
    assert set(compatibility.BESIDE) < set(TUNINGS)
    assert "what it learned is no change of weights" in compatibility.not_whole("other", "raw")
