"""Which methods and ways of tuning go together, and why the others do not."""

from collections.abc import Mapping

# Tunings that write what they learned beside a base, which stays as it is: why no weights can be made of it.
NO_WEIGHTS: Mapping[str, str] = {
    "prompt": "a soft prompt is an input before every row, no change of weights",
    "prefix": "a prefix is keys and values before every row, no change of weights",
    "loreft": "LoReFT edits hidden states at chosen positions, which is no change of weights",
}
BESIDE = tuple(NO_WEIGHTS)
STATEMENT = "base.json"  # in their folders: which base

_PACKED = "cpt packs several documents into a row, and "
_BEFORE = "what stands before a row would be seen by the first of them alone"
_DRAWN = "its answers are drawn from the weights that move, and this tuning moves none"
_HEAD = "a reward model is one whole folder with its head, and this tuning leaves its base as it is"
_ENDS = "it changes positions at the end of the prompt, and only sft says where that is in every pass"
# (method, tuning): why a run of the two would be wrong.
REFUSED: Mapping[tuple[str, str], str] = {
    ("cpt", "prompt"): _PACKED + _BEFORE,
    ("cpt", "prefix"): _PACKED + _BEFORE,
    ("cpt", "loreft"): "it changes positions of a prompt, and the texts of cpt have none",
    **{(method, tuning): _DRAWN for method in ("ppo", "rloo", "grpo") for tuning in BESIDE},
    **{("reward", tuning): _HEAD for tuning in BESIDE},
    **{(method, "loreft"): _ENDS for method in ("dpo", "kto", "orpo", "slic", "rrhf", "unlearn")},
}


def refusal(method: str, tuning: str, gradient_checkpointing: bool = False) -> str | None:
    """Why a method and a way of tuning cannot be used together, none where they can.

    Args:
        method: one of `options.METHODS`.
        tuning: one of `options.TUNINGS`.
        gradient_checkpointing: whether activations are recomputed in the backward pass.
    """
    if tuning == "prefix" and gradient_checkpointing:
        return "the prefix stands in the cache of keys and values, which is lost where activations are recomputed"
    return REFUSED.get((method, tuning))


def not_whole(tuning: str, base: str) -> str:
    """What is said of a folder with what a tuning learned, where a model is wanted that has it in its weights.

    Args:
        tuning: one of `BESIDE`, or whatever its folder says.
        base: name of the model that it was learned beside.
    """
    why = NO_WEIGHTS.get(tuning, "what it learned is no change of weights")
    return (f"found what tuning {tuning} learned beside the model {base}, expected a whole model: {why}, so that it "
            "cannot be merged or trained on")  # fmt: skip
