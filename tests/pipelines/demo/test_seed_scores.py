"""What is counted as right, and the table of it: on answers that are known, and on a model that has learned nothing."""

import copy
import json
from pathlib import Path

import pytest
import torch
from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

from pipelines.demo import seed_scores
from pipelines.demo.seed_corpus import few_shot_prompt
from pipelines.demo.seed_scores import BAR, card_table, claimed, read_instance, reference_message
from pipelines.demo.skills import NEW_SKILLS, SKILLS, foreign
from pipelines.demo.skills.styles import FOREIGN_ENGLISH, FOREIGN_KOREAN

Model = tuple[LlamaForCausalLM, PreTrainedTokenizerFast]
KINDS = ("answered", "listed", "listed_distinct", "listed_right", "rewritten")
PERFECT = {skill.name: dict.fromkeys(KINDS, 1.0) for skill in SKILLS}


@pytest.mark.parametrize(
    ("text", "pair"),
    [
        (" Add: 1 + 2\nOutput: The sum is 3.", ("Add: 1 + 2", "The sum is 3.")),
        (" Add: 1 + 2\nOutput: The sum is 3.\n", ("Add: 1 + 2", "The sum is 3.")),
        (" Add: 1 + 2", None),
        ("\nOutput: The sum is 3.", None),
        (" Add: 1 + 2\nOutput: The sum\nis 3.", None),
        (" Add: 1 + 2\nOutput: 3\nOutput: 4", None),
    ],
)
def test_an_instance_is_an_input_and_one_line_of_output(text: str, pair: tuple[str, str] | None) -> None:
    assert read_instance(text) == pair


@pytest.mark.parametrize("kind", KINDS)
def test_a_skill_is_claimed_when_it_can_do_all_three(kind: str) -> None:
    assert claimed(PERFECT) == sorted(skill.name for skill in SKILLS)
    at_the_bar = {**PERFECT, "reverse": {**PERFECT["reverse"], kind: BAR}}
    assert "reverse" in claimed(at_the_bar)
    below = {**PERFECT, "reverse": {**PERFECT["reverse"], kind: BAR - 0.01}}
    assert ("reverse" in claimed(below)) == (kind in ("listed_distinct", "listed_right"))


def test_new_skills_and_strangers_are_not_claimed() -> None:
    scores = {NEW_SKILLS[0].name: {"answered": 1.0, "rewritten": 1.0}, "stranger": dict.fromkeys(KINDS, 1.0)}
    assert claimed(scores) == []


def test_the_table_holds_every_skill_in_percent() -> None:
    scores = {**PERFECT, **{skill.name: {"answered": 0.0, "rewritten": 0.987} for skill in NEW_SKILLS}}
    scores["add"] = {**dict.fromkeys(KINDS, 1.0), "listed_right": 0.8444}
    lines = card_table(scores).splitlines()
    assert "| add | 100.0 | 100.0 | 100.0 | 84.4 | 100.0 |" in lines
    assert "| twice | 0.0 | 98.7 |" in lines
    assert [line.split(" | ")[0][2:] for line in lines if line.startswith("| ")] == [
        "Skill", *(skill.name for skill in SKILLS), "New skill, never trained", *(skill.name for skill in NEW_SKILLS),
    ]  # fmt: skip


def test_references_go_round_all_styles_and_requests() -> None:
    for skill, styles, languages in ((SKILLS[0], FOREIGN_ENGLISH, 3), (SKILLS[10], FOREIGN_KOREAN, 3)):
        (item,) = skill.items("test", 1, 0)
        count = max(len(FOREIGN_ENGLISH), len(FOREIGN_KOREAN))
        messages = [reference_message(item, number) for number in range(count * languages)]
        assert all(message.startswith(f"{item.prompt}\n\n") for message in messages)
        assert len({message.replace(item.answer, "") for message in messages}) == len(styles) * languages
        assert all(foreign(item, number % count) in message for number, message in enumerate(messages))


def test_answers_stand_in_the_order_of_the_messages(untrained: Model) -> None:
    """Messages are batched by length: what comes back must still be each message's own."""
    messages = ["Add: 1 + 2", "Reverse the word: telephone, and then say it twice", "Hi", "Add: 1 + 2", "영어로: 사과"]
    together = seed_scores.replies(*untrained, messages)
    assert together == [seed_scores.replies(*untrained, [message])[0] for message in messages]
    assert together[0] == together[3] and len(set(together)) > 1


def test_continuations_end_before_their_first_blank_line(untrained: Model) -> None:
    """A model of one thought: whatever came before, every second token is a line break."""
    model, tokenizer = copy.deepcopy(untrained[0]), untrained[1]
    with torch.no_grad():
        for name, weight in model.named_parameters():
            weight.fill_(1.0 if "norm" in name else 0.0)
        # After the last norm every position is all ones, so a token's logit is the sum of its row: 1.3, and 7.7.
        model.model.embed_tokens.weight.fill_(0.01)
        model.model.embed_tokens.weight[tokenizer.convert_tokens_to_ids("Ċ")] = 0.06
    texts = seed_scores.continuations(model, tokenizer, ["Input:"] * 8, seed=1)
    assert sum("\n" in text for text in texts) >= 2 and not any("\n\n" in text for text in texts)


def test_continuations_follow_their_seed(untrained: Model) -> None:
    prompts = [few_shot_prompt(SKILLS[0].items("train", 2, 0))] * 4
    one = seed_scores.continuations(*untrained, prompts, seed=1)
    assert one == seed_scores.continuations(*untrained, prompts, seed=1)
    assert one != seed_scores.continuations(*untrained, prompts, seed=2)
    assert len(set(one)) > 1


def test_a_model_that_has_learned_nothing_scores_nothing(
    untrained_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(seed_scores, "SKILLS", SKILLS[:2])
    monkeypatch.setattr(seed_scores, "NEW_SKILLS", NEW_SKILLS[:1])
    out = tmp_path / "scores.json"
    seed_scores.main([str(untrained_folder), "--count", "4", "--seed", "1", "--out", str(out)])
    scores = json.loads(out.read_text())
    assert list(scores) == [SKILLS[0].name, SKILLS[1].name, NEW_SKILLS[0].name]
    assert {value for skill in scores.values() for value in skill.values()} == {0.0}
    assert [line.split(" ")[0] for line in capsys.readouterr().out.splitlines()] == list(scores)
    assert claimed(scores) == []


def test_a_loaded_model_is_the_saved_one(untrained: Model, untrained_folder: Path) -> None:
    model, tokenizer = seed_scores.load(untrained_folder)
    assert not model.training and tokenizer.padding_side == "left"
    assert torch.equal(model.model.embed_tokens.weight, untrained[0].model.embed_tokens.weight)
