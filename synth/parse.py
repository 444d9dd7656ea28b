"""Reading what a model wrote in a few-shot list of `Input: / Output:` pairs, or of `입력: / 출력:` ones.

The prompt ends with `Input:`, so a well-formed answer is ` {input}\\nOutput: {output}`, ended by a blank line (the stop
string) or the end token. Only a marker at the start of a line counts, so that an input which merely mentions
`Output:` stays an input; an answer with a second marker is refused as a whole, since nothing says which is meant.
Markers are those of the list's own form: in a Korean list `Output:` is a word like any other.
"""

from dataclasses import dataclass

from curation.model import Response


@dataclass(frozen=True)
class Labels:
    """What stands before an input and before an output, as the templates `few_shot.LANGUAGE` have it."""

    input: str
    output: str


ENGLISH = Labels("Input:", "Output:")
LABELS = {"en": ENGLISH, "ko": Labels("입력:", "출력:")}


@dataclass(frozen=True)
class Instance:
    """One example a model made up: its input and its output, both without surrounding white space, never empty."""

    input: str
    output: str


@dataclass(frozen=True)
class Rejected:
    """Why an answer holds no instance: `rule` for the ledger, `detail` for people."""

    rule: str
    detail: str


def instance(response: Response, labels: Labels = ENGLISH) -> Instance | Rejected:
    """The instance in an answer to a few-shot prompt with these labels.

    Returns:
        The instance, or the first of these that applies: `refused` (the engine made nothing), `truncated` (it ran into
        the token limit, so its output may be half of one), `several_instances`, `no_output`, `empty_input`,
        `empty_output`.
    """
    if response.finish_reason == "refused":
        return Rejected("refused", response.error or "refused without a reason")
    if response.finish_reason != "stop":
        return Rejected("truncated", f"ended by {response.finish_reason!r} after {len(response.token_ids)} tokens")
    lines = response.text.strip().split("\n")
    outputs = [number for number, line in enumerate(lines) if line.lstrip().startswith(labels.output)]
    if not outputs:
        return Rejected("no_output", f"no line starts with {labels.output!r}")
    if len(outputs) > 1 or any(line.lstrip().startswith(labels.input) for line in lines) or has_blank_line(lines):
        found = f"{len(outputs)} lines start with {labels.output!r}"
        return Rejected("several_instances", f"{found}, expected one instance")
    given = "\n".join(lines[: outputs[0]]).strip()
    written = "\n".join(lines[outputs[0] :]).lstrip().removeprefix(labels.output).strip()
    if not given:
        return Rejected("empty_input", f"nothing before {labels.output!r}")
    if not written:
        return Rejected("empty_output", f"nothing after {labels.output!r}")
    return Instance(given, written)


def listable(text: str, labels: Labels = ENGLISH) -> bool:
    """Whether a text can stand in a list with these labels: it is not empty and holds no blank line and no marker."""
    lines = text.strip().split("\n")
    return (
        bool(text.strip())
        and not has_blank_line(lines)
        and not any(line.lstrip().startswith((labels.input, labels.output)) for line in lines)
    )


def has_blank_line(lines: list[str]) -> bool:
    """Whether a line between others is empty: in a few-shot list that ends an instance."""
    return any(not line.strip() for line in lines)
