"""Reading what a model wrote in a few-shot list of `Input: / Output:` pairs.

The prompt ends with `Input:`, so a well-formed answer is ` {input}\\nOutput: {output}`, ended by a blank line (the stop
string) or the end token. Only a marker at the start of a line counts, so that an input which merely mentions
`Output:` stays an input; an answer with a second marker is refused as a whole, since nothing says which is meant.
"""

from dataclasses import dataclass

from curation.model import Response

INPUT = "Input:"
OUTPUT = "Output:"


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


def instance(response: Response) -> Instance | Rejected:
    """The instance in an answer to a few-shot prompt.

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
    outputs = [number for number, line in enumerate(lines) if line.lstrip().startswith(OUTPUT)]
    if not outputs:
        return Rejected("no_output", f"no line starts with {OUTPUT!r}")
    if len(outputs) > 1 or any(line.lstrip().startswith(INPUT) for line in lines) or has_blank_line(lines):
        return Rejected("several_instances", f"{len(outputs)} lines start with {OUTPUT!r}, expected one instance")
    given = "\n".join(lines[: outputs[0]]).strip()
    written = "\n".join(lines[outputs[0] :]).lstrip().removeprefix(OUTPUT).strip()
    if not given:
        return Rejected("empty_input", f"nothing before {OUTPUT!r}")
    if not written:
        return Rejected("empty_output", f"nothing after {OUTPUT!r}")
    return Instance(given, written)


def listable(text: str) -> bool:
    """Whether a text can stand in a few-shot list: it is not empty and holds no blank line and no marker of its own."""
    lines = text.strip().split("\n")
    return (
        bool(text.strip())
        and not has_blank_line(lines)
        and not any(line.lstrip().startswith((INPUT, OUTPUT)) for line in lines)
    )


def has_blank_line(lines: list[str]) -> bool:
    """Whether a line between others is empty: in a few-shot list that ends an instance."""
    return any(not line.strip() for line in lines)
