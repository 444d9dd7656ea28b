"""The ladder: a row's own closed-book answer, else rewrites with the reference in view, round by round."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from curation.checks.typed_result import CheckResult, verdict
from curation.model import Generator, Request, Response, Sampling, Scorer

from ..answers import answered
from ..prompts import Template, rewrites
from ..script import language_of
from . import copies, knowledge
from .asked import Asker
from .claim import Claim
from .item import Candidate, Item, Tried, Turns
from .options import DistillOptions
from .verify import passed, verify_each

SELF, REWRITE = "self", "rewrite"


@dataclass(frozen=True)
class _Ask:
    """A request for a row and where on the ladder it stands."""

    item: Item
    rung: str
    round: int
    request: Request
    template: Template | None


def climb(
    items: list[Item],
    generator: Generator,
    options: DistillOptions,
    enough: int,
    seed: int,
    scorer: Scorer | None = None,
) -> list[Tried]:
    """Try every row on the rungs it needs.

    Args:
        items: rows; those without a single assistant's turn as reference are tried on none.
        generator: the seed model.
        options: which rungs, how many rounds.
        enough: verified rewrites after which a row asks for no more.
        seed: of all sampled rounds.
        scorer: for the checks by likelihood; without one they are left out.
    """
    asker = Asker(generator, scorer, options, seed)
    tried = [Tried(item) for item in items]
    reachable = [one for one in tried if one.item.reference.strip() and one.item.problem is None]
    found = knowledge.measure([one.item for one in reachable], generator, options.knowledge, seed)
    for one in reachable:
        one.knowledge = found.get(one.item.id)
    reachable = [one for one in reachable if not one.new]
    given = copies.inputs(items, options.novelty)
    if options.closed_book:
        _rung(reachable, [_closed_book(one.item, options, seed) for one in reachable], asker, given)
    open_rows = [one for one in reachable if not one.verified()]
    for number in range(options.candidates):
        wanting = [one for one in open_rows if len(one.verified()) < enough]
        asks = [_rewrite(one.item, number, options, seed) for one in wanting]
        _rung(wanting, asks, asker, given)
    return tried


def _closed_book(item: Item, options: DistillOptions, seed: int) -> _Ask:
    request = Request(f"{item.id}/self", item.prompt, Sampling(options.max_tokens, seed=seed))
    return _Ask(item, SELF, 0, request, None)


def _rewrite(item: Item, number: int, options: DistillOptions, seed: int) -> _Ask:
    """The request of a round: each template once greedily, the likeliest wording, then all in turn with sampling."""
    templates = rewrites(language_of(item.question, "auto"), options.prompts)
    template = templates[number % len(templates)]
    sampling = Sampling(options.max_tokens, seed=seed)
    if number >= len(templates):
        sampling = replace(sampling, temperature=options.temperature, top_p=options.top_p)
    shown: Turns = item.about(template.render({"prompt": item.question, "reference": item.reference}))
    return _Ask(item, REWRITE, number, Request(f"{item.id}/rewrite-{number}", shown, sampling), template)


def _rung(rows: list[Tried], asks: list[_Ask], asker: Asker, given: copies.Inputs) -> None:
    """Ask, check and note the answers of one rung; joined by request id, so that their order means nothing."""
    responses = answered([ask.request for ask in asks], asker.generator)
    drawn = [(ask, responses[ask.request.id, ask.request.sample]) for ask in asks]
    found = _checked(drawn, asker.options)
    claims = [_claim(ask, response) for ask, response in drawn if passed(found[ask.request.id])]
    options = asker.options
    for key, more in copies.checks(claims, given, options.novelty, options.max_copied).items():
        found[key] += more
    claims = [claim for claim in claims if passed(found[claim.key])] if asker.asks() else []
    for key, more in (asker.checks(claims) if claims else {}).items():
        found[key] += more
    for one, (ask, response) in zip(rows, drawn, strict=True):
        checks = found[ask.request.id]
        one.candidates.append(Candidate(ask.item, ask.rung, ask.round, ask.request, response, ask.template, checks))


def _claim(ask: _Ask, response: Response) -> Claim:
    """What the model is asked about: a rewrite was written with the reference in view."""
    prompt = ask.request.prompt
    shown = prompt if ask.rung == REWRITE and not isinstance(prompt, str) else None
    return Claim(ask.request.id, ask.item, response.text.strip(), shown)


def _checked(drawn: Sequence[tuple[_Ask, Response]], options: DistillOptions) -> dict[str, tuple[CheckResult, ...]]:
    """The checks of every answer, by request id."""
    found: dict[str, tuple[CheckResult, ...]] = {}
    for ask, response in drawn:
        if response.finish_reason == "refused":
            found[ask.request.id] = (verdict("refused", False, response.error or "refused"),)
        elif not response.text.strip():
            found[ask.request.id] = (verdict("empty", False, "no text"),)
    left = [(ask, response) for ask, response in drawn if ask.request.id not in found]
    texts = [(ask.item, response.text.strip(), response.finish_reason) for ask, response in left]
    checks = verify_each(texts, options)
    return found | {ask.request.id: one for (ask, _), one in zip(left, checks, strict=True)}
