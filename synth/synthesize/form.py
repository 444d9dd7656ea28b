"""How a generated text is, whatever it says: whole, not empty, no refusal, no loop, in the right script, no turns."""

from curation.checks import typed
from curation.checks.typed_result import CheckResult, shown, verdict
from curation.checks.typed_turns import SPEAKER_LINE

from .plain import plain


def roles(text: str, prompt: str = "") -> CheckResult:
    """The text holds no mark of a turn: none of a chat template's (`plain`), no line such as `User:`.

    A line that opens a speaker's turn is allowed where the prompt has one too, as in questions about a dialogue;
    a chat template's never is, since in the text that a model is trained in it would become a turn.
    """
    if plain(text) != text:
        return verdict("roles", False, f"has a mark of a chat template: {shown(text)}")
    speaker = SPEAKER_LINE.search(text)
    if speaker is not None and SPEAKER_LINE.search(prompt) is None:
        return verdict("roles", False, f"has a line that starts with {speaker.group().strip()!r}")
    return verdict("roles", True, "no mark of a turn")


def form(
    text: str, finish_reason: str, prompt: str, reference: str = "", min_language: float = 0.5
) -> tuple[CheckResult, ...]:
    """Every check of how a text is, in the order in which they are reasons.

    Args:
        text: the answer, without white space around it.
        finish_reason: the engine's; only `stop` is whole.
        prompt: what was asked; its scripts are expected where there is no reference with letters.
        reference: the answer that is known, empty for none; what it has of refusals and loops is no fault.
        min_language: what the shares of scripts must have in common.
    """
    return (
        typed.check("finish", reference, text, finish_reason=finish_reason),
        verdict("empty", bool(text), shown(text)),
        roles(text, prompt),
        typed.check("refusal", reference, text),
        typed.check("repetition", reference, text),
        typed.check("language", reference, text, prompt=prompt, threshold=min_language),
    )
