"""Settings of probing."""

from dataclasses import dataclass

from curation.errors import InputError

from ... import bounds
from ..own import own_template

BUILT_IN = 3  # prompt forms `probe_N` of each language
PLAIN = "plain"  # the row's own prompt as it is


@dataclass(frozen=True)
class ProbeOptions:
    """Which prompt forms are compared, on how many rows.

    Attributes:
        templates: prompt forms of one's own (Jinja, with `question`), named `templates[0]` and so on.
        built_in: compare the built-in forms `probe_1` to `probe_3` too. The row's own prompt, `plain`, always is.
        baseline: form that the gain is measured against.
        development: share of the rows with an answer that the forms are compared on; the others are the test split.
        max_development: rows of the development split, at most; 0 for no limit.
        confidence: of the intervals, 0..1.
        max_tokens: longest answer; answers are greedy.
        min_language: what the shares of scripts of an answer and its reference have in common, at least.
        language: of the built-in forms: `auto` (by the row), `en` or `ko`.
    """

    templates: tuple[str, ...] = ()
    built_in: bool = True
    baseline: str = PLAIN
    development: float = 0.5
    max_development: int = 200
    confidence: float = 0.95
    max_tokens: int = 256
    min_language: float = 0.5
    language: str = "auto"

    def __post_init__(self) -> None:
        for number, text in enumerate(self.templates):
            own_template(text, ("question",), f"probe option templates[{number}]")
        if len(self.names) < 2:
            raise InputError("probe options templates and built_in leave one prompt form, expected two or more")
        bounds.expect("probe", self, {
            **bounds.one_of(self, baseline=self.names),
            "development": ("between 0 and 1", 0 < self.development < 1),
            "confidence": ("between 0 and 1", 0 < self.confidence < 1),
            **bounds.count(self, 0, "max_development"),
            **bounds.count(self, 1, "max_tokens"),
            **bounds.share(self, "min_language"),
            **bounds.language(self),
        })  # fmt: skip

    @property
    def names(self) -> tuple[str, ...]:
        """The prompt forms in their order, the simplest first: of equally good ones the first wins."""
        built_in = tuple(f"probe_{number}" for number in range(1, BUILT_IN + 1)) if self.built_in else ()
        return (PLAIN, *built_in, *(f"templates[{number}]" for number in range(len(self.templates))))
