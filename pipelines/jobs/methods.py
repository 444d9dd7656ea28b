"""The methods of the synthesize job, each called with what it needs; a method's module is loaded only here."""

from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from curation import tokens
from synth.engines.cache import Cached
from synth.synthesised import Synthesised

from ..progress import waiting
from ..settings import SynthesizeSettings
from .engine import Named, called

if TYPE_CHECKING:
    from synth.synthesize.reward import Reward


def carry_out(
    settings: SynthesizeSettings,
    frame: pl.DataFrame,
    labelled: pl.DataFrame | None,
    engine: Cached | None,
    other: Cached | None,
    model: str,
    reward: str | None,
    seed: int,
) -> Synthesised:
    """Carry out the method of a step.

    Args:
        settings: of the step.
        frame: documents or rows, as the method reads them.
        labelled: rows that `label` is measured on.
        engine: generates and scores; none where the settings ask nothing.
        other: plays the user, or judges.
        model: folder of the model, or its name on a server.
        reward: folder of a reward model, none where there is none.
        seed: of everything drawn.

    Raises:
        InputError: for what a method cannot work with.
    """
    options = settings.options
    if settings.method == "templates":
        from synth.synthesize.templates import templates

        return templates(frame, engine or Named("no engine", ""), options, seed)
    if engine is None:
        raise ValueError(f"{settings.method} without an engine")
    match settings.method:
        case "qa":
            from synth.synthesize.qa import qa

            return qa(frame, engine, options, seed, _tokenizer(model))
        case "backtranslate":
            from synth.synthesize.backtranslate import backtranslate

            return backtranslate(frame, engine, engine, options, seed, _tokenizer(model))
        case "instructions":
            from synth.synthesize.instructions import instructions

            return instructions(frame, engine, options, seed)
        case "dialogue":
            from synth.synthesize.dialogue import dialogue

            return dialogue(frame, engine, options, seed, other)
        case "reasoning":
            from synth.synthesize.reasoning import reasoning

            return reasoning(frame, engine, options, seed)
        case "best_of":
            from synth.synthesize.best_of import best_of

            return best_of(frame, engine, engine, options, seed, _reward(reward))
        case "preferences":
            from synth.synthesize.preferences import preferences

            return preferences(frame, engine, options, seed, _reward(reward), other)
        case "label":
            from synth.synthesize.label import label

            return label(frame, engine, engine, options, seed, labelled)
        case "probe":
            from synth.synthesize.probe import probe

            return probe(frame, engine, options, seed)


def _tokenizer(model: str) -> tokens.Tokenizer | None:
    """The model's tokenizer, by which long documents are cut; none of a model whose folder is not here."""
    folder = Path(model)
    return tokens.load(folder) if (folder / "tokenizer.json").is_file() else None


def _reward(folder: str | None) -> "Reward | None":
    """The scores of a reward model, none where there is none."""
    if folder is None:
        return None
    from synth.synthesize.reward_model import RewardModel

    with waiting(f"loading the reward model {called(folder)}"):
        return RewardModel(Path(folder))
