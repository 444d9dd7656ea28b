"""Whether a step is needed, decided by what steps before it found: how the loop of a plan comes to its end."""

from pathlib import Path
from typing import Any

from curation.errors import InputError

from .jobs.inputs import model_of
from .jobs.output import Output, Outputs
from .recipe import STEP
from .settings import Unless

NOT_NEEDED = "not_needed"  # key among the facts of a step that was left out


def in_its_place(name: str, rule: Unless, outputs: Outputs) -> Output | None:
    """What stands for a step that is not needed, its facts saying why; none where the step is to be carried out.

    Args:
        name: of the step.
        rule: by which it may be left out.
        outputs: of the steps before it.

    Raises:
        InputError: when the deciding step has not what the rule asks for.
    """
    facts, decided = outputs[rule.step].facts, rule.step
    while NOT_NEEDED in facts:  # what stands for the deciding step decides
        decided = facts[NOT_NEEDED]["use"]
        if decided not in outputs:
            raise InputError(f"unless.{name}: {rule.step} was not needed and {decided} stands for it, expected a step")
        facts = outputs[decided].facts
    if rule.forgotten_under is not None:
        found = _forgotten(f"unless.{name}: step {decided}", rule.model, facts)
        holds = found < rule.forgotten_under
        why = f"{decided} shows {found:.4f} forgotten, less than {rule.forgotten_under:g}"
    else:
        if "tiers" not in facts:
            raise InputError(f"unless.{name}: step {decided} counts no tiers, expected a distill step")
        found = sum(facts["tiers"].get(tier, 0) for tier in rule.without_tier)
        holds, why = not found, f"{decided} has no row of {', '.join(rule.without_tier)}"
    if not holds:
        return None
    if rule.use is None:
        return Output(Path("nothing"), "", {NOT_NEEDED: {"why": why, "found": found, "use": None}})
    if rule.use.startswith(STEP):
        used = outputs[rule.use[len(STEP) :]]
        said = {"why": why, "found": found, "use": rule.use[len(STEP) :]}
        return Output(used.path, used.digest, {NOT_NEEDED: said})
    model, digest = model_of(rule.use, outputs)
    return Output(Path(model), digest, {NOT_NEEDED: {"why": why, "found": found, "use": Path(model).name}})


def _forgotten(where: str, model: str | None, facts: Any) -> float:
    """The mean loss over old tasks that an evaluation shows of a model, the largest where it has several units."""
    if "summary" not in facts:
        raise InputError(f"{where} compares no models, expected an evaluate step of two or more")
    wanted = model or facts["models"][-1]
    losses = [row["forgotten"]["mean"] for row in facts["summary"] if row["model"] == wanted and row["forgotten"]]
    if not losses:
        raise InputError(f"{where} shows nothing that {wanted!r} may have forgotten, expected tasks beside new_tasks")
    return max(losses)
