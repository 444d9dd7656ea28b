"""A text asked for its label in several prompt forms: what the model says, and how likely it finds each label."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import exp, log

from curation.model import Generator, Guide, Request, Sampling, Scorer, ScoreRequest

from ...drop import Drop
from ...prompts import Template, load
from ..attempt import Ask, Attempt, Source, attempted, language_of
from ..own import own_template
from ..plain import prompt
from .options import VALUES, LabelOptions

CONTENT_FREE = ("N/A", "[MASK]", "")  # Zhao et al., arXiv 2102.09690, section 5
Turns = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Text:
    """A text to label; `truth` is its label where that is known."""

    source: Source
    text: str
    truth: str | None = None


@dataclass
class Answers:
    """What was found out about a text.

    Attributes:
        attempts: one a prompt form; one that says no label is dropped.
        votes: label said in each form, none where no label was read.
        probabilities: of each label in each form, summing to 1; none where they could not be scored.
    """

    text: Text
    attempts: list[Attempt] = field(default_factory=list)
    votes: list[str | None] = field(default_factory=list)
    probabilities: list[dict[str, float] | None] = field(default_factory=list)


def ask(
    texts: Sequence[Text], generator: Generator, scorer: Scorer | None, options: LabelOptions, name: str
) -> list[Answers]:
    """Ask for the label of every text in every prompt form, greedily, the answer guided to be a label.

    Args:
        texts: in any order.
        generator: the model that labels.
        scorer: the same model as a scorer; without one there are no probabilities.
        options: labels and prompt forms.
        name: what the requests are called after the id of their text.
    """
    guide = Guide(choice=options.said)
    asks = []
    for text in texts:
        for number, template in enumerate(forms(text.text, options)):
            sampling = Sampling(options.max_tokens, guide=guide)
            request = Request(
                f"{text.source.id}/{name}-{number}", _turns(template, text.text, options), sampling,
                prefill=options.begun,
            )  # fmt: skip
            asks.append(Ask(text.source, request, template))
    attempts = iter(attempted(asks, generator))
    priors = _priors(texts, scorer, options) if scorer is not None and options.calibrate else {}
    scored = _scored(asks, scorer, options) if scorer is not None else {}
    answers = []
    for text in texts:
        one = Answers(text)
        for _ in forms(text.text, options):
            attempt = next(attempts)
            one.attempts.append(attempt)
            one.votes.append(_read(attempt, options))
            found = scored.get(attempt.ask.request.id)
            template_name = attempt.ask.template.name if attempt.ask.template else ""
            prior = priors.get(template_name)
            one.probabilities.append(None if found is None else softmax(_shifted(found, prior)))
        answers.append(one)
    return answers


def forms(text: str, options: LabelOptions) -> list[Template]:
    """The prompt forms of a text."""
    if options.templates:
        return [
            own_template(form, VALUES, f"label option templates[{number}]")
            for number, form in enumerate(options.templates)
        ]
    language = language_of(text, options.language)
    return [load(f"label_{number}.{language}") for number in range(1, options.prompts + 1)]


def softmax(scores: Mapping[str, float]) -> dict[str, float]:
    """Probabilities of log-probabilities, summing to 1."""
    highest = max(scores.values())
    weights = {name: exp(score - highest) for name, score in scores.items()}
    total = sum(weights.values())
    return {name: weight / total for name, weight in weights.items()}


def _turns(template: Template, text: str, options: LabelOptions) -> Turns:
    letters = options.answer == "letter"
    shown = [f"{mark}. {label}" for mark, label in zip(options.ids, options.labels, strict=True)]
    return prompt(
        template,
        {
            "text": text,
            "labels": shown if letters else list(options.labels),
            "question": options.question,
            "letters": letters,
        },
    )


def _read(attempt: Attempt, options: LabelOptions) -> str | None:
    """The label that was said; anything else than one of the ids is dropped as `not_a_label`."""
    if attempt.drop is not None:
        return None
    said = dict(zip(options.ids, options.labels, strict=True)).get(attempt.text)
    if said is None:
        attempt.drop = Drop("not_a_label", detail={"expected": list(options.ids)})
    return said


def _scored(asks: Sequence[Ask], scorer: Scorer, options: LabelOptions) -> dict[str, dict[str, float]]:
    """Log-probability of each label after each request's prompt, nats; without requests of which a label has none."""
    return _log_probabilities({ask.request.id: ask.request.prompt for ask in asks}, scorer, options)


def _log_probabilities(
    prompts: Mapping[str, str | Turns], scorer: Scorer, options: LabelOptions
) -> dict[str, dict[str, float]]:
    requests = {
        f"{name}/{mark}": (name, label, ScoreRequest(f"{name}/{mark}", shown, said, options.begun))
        for name, shown in prompts.items()
        for mark, label, said in zip(options.ids, options.labels, options.said, strict=True)
    }
    found: dict[str, dict[str, float]] = {}
    for score in scorer.score(request for _, _, request in requests.values()):
        if score.error is None:
            name, label, _ = requests[score.id]
            found.setdefault(name, {})[label] = score.total
    # In the order of the labels, whatever order the scores came in: sums of floats depend on it.
    return {
        name: {label: scores[label] for label in options.labels}
        for name, scores in found.items()
        if len(scores) == len(options.labels)
    }


def _priors(texts: Sequence[Text], scorer: Scorer, options: LabelOptions) -> dict[str, dict[str, float]]:
    """Probability of each label for texts without content, mean over them, by the name of the prompt form."""
    used = {form.name: form for text in texts for form in forms(text.text, options)}
    prompts = {
        f"content_free/{name}/{number}": _turns(form, text, options)
        for name, form in used.items()
        for number, text in enumerate(CONTENT_FREE)
    }
    found = {name: softmax(scores) for name, scores in _log_probabilities(prompts, scorer, options).items()}
    priors = {}
    for name in used:
        of = [found[key] for number in range(len(CONTENT_FREE)) if (key := f"content_free/{name}/{number}") in found]
        if of:
            priors[name] = {label: sum(one[label] for one in of) / len(of) for label in options.labels}
    return priors


def _shifted(scores: Mapping[str, float], prior: Mapping[str, float] | None) -> dict[str, float]:
    """Log-probabilities less those of the prior: diagonal calibration (Zhao et al., section 5)."""
    if prior is None:
        return dict(scores)
    return {label: score - log(max(prior[label], 1e-12)) for label, score in scores.items()}
