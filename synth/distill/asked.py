"""The checks that ask a model, in one place: real candidates and canaries go through it alike."""

from collections.abc import Sequence
from dataclasses import dataclass

from curation.checks.typed_result import CheckResult
from curation.model import Generator, Scorer

from .claim import Claim
from .judge import judge
from .options import DistillOptions
from .round_trip import round_trip
from .support import leaked, support


@dataclass(frozen=True)
class Asker:
    """The model that is asked, and what it is asked."""

    generator: Generator
    scorer: Scorer | None
    options: DistillOptions
    seed: int

    def asks(self) -> bool:
        """Whether any check needs the model."""
        options = self.options
        likely = self.scorer is not None and (options.min_support > 0 or options.max_leaked < 1)
        return options.round_trip or options.judge or likely

    def checks(self, claims: Sequence[Claim]) -> dict[str, tuple[CheckResult, ...]]:
        """The results by key, in the order round trip, judge, support, leak; a check that does not apply has none.

        The judge and the likelihoods are for open text, where no bare answer can be compared.
        """
        options, found = self.options, []
        open_text = [claim for claim in claims if claim.item.answer is None]
        if options.round_trip:
            found.append(round_trip(claims, self.generator, options.max_tokens, self.seed))
        if options.judge and open_text:
            found.append(judge(open_text, self.generator, self.seed))
        if self.scorer is not None and options.min_support > 0 and open_text:
            found.append(support(open_text, self.scorer, options.min_support))
        if self.scorer is not None and options.max_leaked < 1:
            found.append(leaked(claims, self.scorer, options.max_leaked))
        return {claim.key: tuple(results[claim.key] for results in found if claim.key in results) for claim in claims}
