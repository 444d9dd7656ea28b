"""What the seed model scores: answers, new instances in few-shot lists, rewritings; `python -m ...seed_scores FOLDER`.

Every item is a test item, every reference of a rewriting stands in any foreign style, those held out of training
among them.
"""

import argparse
import json
import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedModel, PreTrainedTokenizerFast
from transformers.generation.stopping_criteria import StoppingCriteria, StoppingCriteriaList

from .seed_corpus import REWRITINGS, few_shot_prompt
from .skills import NEW_SKILLS, SKILLS, Item, NewSkill, Skill, foreign, in_style
from .skills.styles import FOREIGN_ENGLISH, FOREIGN_KOREAN, GENERIC

BATCH = 100
BAR = 0.9  # what a claimed skill scores at least
LONGEST_ANSWER, LONGEST_INSTANCE = 56, 96  # tokens
TEMPERATURE, TOP_P = 0.9, 0.8


@dataclass(frozen=True)
class SkillScores:
    """Shares from 0 to 1 over the same number of items each."""

    answered: float  # greedy answers that are right and in the skill's own style
    listed: float  # sampled continuations of a list that are a new, well-formed instance of the skill
    listed_distinct: float  # of those, the share of different inputs
    listed_right: float  # of those, the share whose output is right and in style
    rewritten: float  # greedy rewritings of a foreign reference that are right and in the skill's own style


@dataclass(frozen=True)
class NewSkillScores:
    """Shares from 0 to 1 for a skill that the seed model does not know."""

    answered: float  # closed-book: right in any style that counts
    rewritten: float  # right and in the generic sentence of the seed model


def load(folder: Path) -> tuple[PreTrainedModel, PreTrainedTokenizerFast]:
    """The model and tokenizer in a folder, ready to generate on the CPU."""
    tokenizer = AutoTokenizer.from_pretrained(folder, padding_side="left")
    return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval(), tokenizer


def replies(model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, messages: Sequence[str]) -> list[str]:
    """Greedy answers to user messages through the chat template."""
    prompts = [
        tokenizer.apply_chat_template([{"role": "user", "content": m}], tokenize=False, add_generation_prompt=True)
        for m in messages
    ]
    return _generate(model, tokenizer, prompts, LONGEST_ANSWER, sample=False)


def continuations(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, prompts: Sequence[str], seed: int
) -> list[str]:
    """Sampled continuations of raw prompts up to a blank line."""
    torch.manual_seed(seed)
    texts = _generate(model, tokenizer, prompts, LONGEST_INSTANCE, sample=True)
    return [text.split("\n\n")[0] for text in texts]


def skill_scores(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, skill: Skill, count: int, seed: int
) -> SkillScores:
    """Scores of one skill on `count` test items of each sort."""
    items = skill.items("test", count, seed)
    answers = replies(model, tokenizer, [item.prompt for item in items])
    rewritten = replies(model, tokenizer, [reference_message(item, n) for n, item in enumerate(items)])
    lists = _lists(skill, count, seed)
    texts = continuations(model, tokenizer, [few_shot_prompt(shots) for shots in lists], seed)
    instances = [read_instance(text) for text in texts]
    found = [
        pair for pair, shots in zip(instances, lists, strict=True)
        if pair is not None and skill.content(pair[0]) is not None and pair[0] not in {item.prompt for item in shots}
    ]  # fmt: skip
    return SkillScores(
        answered=_share(skill.valid(item.prompt, text) for item, text in zip(items, answers, strict=True)),
        listed=len(found) / count,
        listed_distinct=len({prompt for prompt, _ in found}) / max(1, len(found)),
        listed_right=_share(skill.valid(prompt, output) for prompt, output in found),
        rewritten=_share(skill.valid(item.prompt, text) for item, text in zip(items, rewritten, strict=True)),
    )


def new_skill_scores(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, skill: NewSkill, count: int, seed: int
) -> NewSkillScores:
    """Scores of a skill the seed model does not know: closed-book, and rewriting the given answers."""
    items = skill.items("test", count, seed)
    answers = replies(model, tokenizer, [item.prompt for item in items])
    messages = [_message(REWRITINGS[n % len(REWRITINGS)], item.prompt, item.completion) for n, item in enumerate(items)]
    rewritten = replies(model, tokenizer, messages)
    return NewSkillScores(
        answered=_share(skill.valid(item.prompt, text) for item, text in zip(items, answers, strict=True)),
        rewritten=_share(
            text.strip() == in_style(GENERIC[skill.voice], item.answer)
            for item, text in zip(items, rewritten, strict=True)
        ),
    )


def claimed(scores: dict[str, dict[str, float]]) -> list[str]:
    """The names of the skills that score at least BAR in answering, continuing lists and rewriting."""
    own = {skill.name for skill in SKILLS} & scores.keys()
    return sorted(n for n in own if min(scores[n][kind] for kind in ("answered", "listed", "rewritten")) >= BAR)


def card_table(scores: dict[str, dict[str, float]]) -> str:
    """The scores as the two Markdown tables of the model card, in percent."""
    heading = "| Skill | Answers | New instance in a list | ... different | ... right | Rewritings |"
    rows = [heading, "|---|---|---|---|---|---|"]
    for skill in SKILLS:
        kinds = ("answered", "listed", "listed_distinct", "listed_right", "rewritten")
        rows.append(f"| {skill.name} | " + " | ".join(f"{100 * scores[skill.name][kind]:.1f}" for kind in kinds) + " |")
    rows += ["", "| New skill, never trained | Closed-book | Rewritings |", "|---|---|---|"]
    for new in NEW_SKILLS:
        values = " | ".join(f"{100 * scores[new.name][kind]:.1f}" for kind in ("answered", "rewritten"))
        rows.append(f"| {new.name} | {values} |")
    return "\n".join(rows)


def reference_message(item: Item, number: int) -> str:
    """The request to rewrite an item's answer: template and foreign style go round with the number."""
    styles = max(len(FOREIGN_ENGLISH), len(FOREIGN_KOREAN))
    return _message(REWRITINGS[number // styles % len(REWRITINGS)], item.prompt, foreign(item, number % styles))


def read_instance(text: str) -> tuple[str, str] | None:
    """Input and output in a continuation of a few-shot list; None if it is not of that form."""
    prompt, mark, output = text.partition("\nOutput: ")
    return (prompt.strip(), output.strip()) if mark and prompt.strip() and "\n" not in output.strip() else None


def _lists(skill: Skill, count: int, seed: int) -> list[list[Item]]:
    rng = random.Random(f"lists/{skill.name}/{seed}")
    demonstrations = skill.items("train", 20, seed)
    return [rng.sample(demonstrations, rng.randint(1, 5)) for _ in range(count)]


def _message(template: str, prompt: str, reference: str) -> str:
    return template.replace("{prompt}", prompt).replace("{reference}", reference)


def _share(outcomes: object) -> float:
    values = [bool(outcome) for outcome in outcomes]  # type: ignore[attr-defined]
    return sum(values) / max(1, len(values))


class _BlankLine(StoppingCriteria):
    """Stops each row at its first blank line."""

    def __init__(self, newline: int) -> None:
        self.newline = newline

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor, **_: object) -> torch.Tensor:
        return (input_ids[:, -2:] == self.newline).all(dim=1)


@torch.inference_mode()
def _generate(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, prompts: Sequence[str], longest: int, sample: bool
) -> list[str]:
    texts = [""] * len(prompts)
    encoded = [tokenizer(prompt)["input_ids"] for prompt in prompts]
    order = sorted(range(len(prompts)), key=lambda n: (len(encoded[n]), n))
    stop = StoppingCriteriaList([_BlankLine(tokenizer.convert_tokens_to_ids("Ċ"))]) if sample else None
    for start in range(0, len(order), BATCH):
        rows = order[start : start + BATCH]
        batch = tokenizer.pad({"input_ids": [encoded[n] for n in rows]}, return_tensors="pt")
        output = model.generate(
            **batch, max_new_tokens=longest, do_sample=sample, stopping_criteria=stop,
            **({"temperature": TEMPERATURE, "top_p": TOP_P, "top_k": 0} if sample else {}),
        )  # fmt: skip
        width = batch["input_ids"].shape[1]
        for n, text in zip(rows, tokenizer.batch_decode(output[:, width:], skip_special_tokens=True), strict=True):
            texts[n] = text
    return texts


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the scores of every skill, and write them to a JSON file if asked."""
    parser = argparse.ArgumentParser(description="Measure the seed model.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=300, help="test items a skill")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=None, help="JSON file for the scores")
    options = parser.parse_args(arguments)
    model, tokenizer = load(options.folder)
    found: dict[str, dict[str, float]] = {}
    for skill in SKILLS:
        found[skill.name] = asdict(skill_scores(model, tokenizer, skill, options.count, options.seed))
        print(skill.name, {k: round(v, 3) for k, v in found[skill.name].items()}, flush=True)
    for new in NEW_SKILLS:
        found[new.name] = asdict(new_skill_scores(model, tokenizer, new, options.count, options.seed))
        print(new.name, {k: round(v, 3) for k, v in found[new.name].items()}, flush=True)
    if options.out is not None:
        options.out.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
