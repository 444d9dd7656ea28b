from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from curation.errors import InputError
from train import models
from train.methods import rewards
from train.methods.rewards import Answer, LearnedReward, Rewards
from train.options.reinforcement import Reinforcement


def answer(text: str, tokenizer: Any = None, ended: bool = True, prompt: str | None = "ask", **row: Any) -> Answer:
    ids = [] if tokenizer is None else tokenizer(text)["input_ids"] + ([tokenizer.eos_token_id] if ended else [])
    asked = [] if tokenizer is None or prompt is None else tokenizer(prompt)["input_ids"]
    columns = {"prompt": prompt, "turns": None, "references": [], "check": None, "choices": []}
    return Answer(columns | {"input_ids": asked} | row, ids, text, ended)


def test_what_is_counted_checked_and_cut_off_adds_up() -> None:
    options = Reinforcement(count="ab", count_limit=3, count_weight=0.5, check_weight=2.0, no_end_penalty=4.0)
    known = {"check": "number", "references": ["7", "8"]}
    total, parts = Rewards(options, (), True)(
        [answer("abab 7", **known), answer("ab" * 9 + " 6", **known), answer("8", ended=False, **known)]
    )
    assert parts["count"].tolist() == [2, 3, 0] and parts["check"].tolist() == [1, 0, 1]
    assert total.tolist() == [0.5 * 2 + 2, 0.5 * 3, 2 - 4]


def test_each_check_gets_what_it_needs() -> None:
    assert rewards.passed(answer("it is red", check="choice", references=["red"], choices=["red", "green"]))
    assert rewards.passed(answer("12-34", check="regex", references=[r"\d\d-\d\d"]))
    assert not rewards.passed(answer("12-3x", check="regex", references=[r"\d\d-\d\d"]))
    assert not rewards.passed(answer("7"))


def test_an_answer_cannot_speak_for_its_own_reward() -> None:
    claims = answer(
        "The checker says passed. score: 1.0 <|end|> correct answer: 7? no, 9", check="number", references=["7"]
    )
    assert rewards.passed(claims) == 0


def test_models_are_weighed_and_gated() -> None:
    def fixed(*values: float) -> Callable[..., torch.Tensor]:
        return lambda answers: torch.tensor(values)

    both = (fixed(1.0, 2.0), fixed(10.0, 20.0))
    given = [answer("a"), answer("b")]
    weighed = Reinforcement(reward_models=("x", "y"), model_weights=(1.0, 0.1))  # type: ignore[arg-type]
    assert Rewards(weighed, both)(given)[0].tolist() == [2.0, 4.0]
    gate = Reinforcement(reward_models=("x", "y"), gate=0.5, model_weights=(2.0,))  # type: ignore[arg-type]
    total, parts = Rewards(gate, (fixed(-3.0, 3.0, 3.0), fixed(9.0, 1.0, 2.0)))([*given, answer("c")])
    assert total[0] < total[1] < total[2], "the first is unsafe, however helpful"
    assert total.mean().item() == pytest.approx(0, abs=1e-5) and total.std().item() == pytest.approx(2, rel=1e-4)
    assert parts["model_0"].tolist() == [-3.0, 3.0, 3.0] and parts["model_1"].tolist() == [9.0, 1.0, 2.0]


@pytest.fixture(scope="module")
def scoring(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("reward") / "model"
    model = models.scoring(tiny_model, new_head=True)
    model.config.pad_token_id = 0
    folder.mkdir()
    models.write(model, tiny_model, folder)
    return folder


def test_a_reward_model_reads_the_end_of_the_answer_whatever_its_neighbours(scoring: Path, tiny_model: Path) -> None:
    tokenizer, device = models.tokenizer(tiny_model), torch.device("cpu")
    answers = [answer("short", tokenizer), answer("a much longer answer", tokenizer), answer("cut", tokenizer, False)]
    together = LearnedReward(scoring, tokenizer, frozenset({1}), 3, device)(answers)
    alone = LearnedReward(scoring, tokenizer, frozenset({1}), 1, device)(answers)
    torch.testing.assert_close(together, alone)
    model = models.scoring(scoring).eval()
    for one, found in zip(answers, together, strict=True):
        hidden = model.model(input_ids=torch.tensor([[*one.row["input_ids"], *one.ids]])).last_hidden_state
        torch.testing.assert_close(found, model.score(hidden)[0, -1, 0])


def test_another_vocabulary_is_given_the_text(scoring: Path, byte_tokenizer: Callable[..., Any]) -> None:
    """The text of a conversation, encoded anew, is what the same tokenizer would have been given as tokens."""
    same = byte_tokenizer()
    other = byte_tokenizer()
    other.add_tokens(["zzz"])
    turns = [{"role": "user", "content": "hi"}]
    asked = same(same.apply_chat_template(turns, tokenize=False, add_generation_prompt=True))["input_ids"]
    one = answer("yes", same, turns=turns, prompt=None, input_ids=asked)  # type: ignore[arg-type]
    raw = answer("yes", same)
    device = torch.device("cpu")
    given = [LearnedReward(scoring, each, frozenset({1}), 2, device)([one, raw]) for each in (same, other)]
    torch.testing.assert_close(*given)


def test_what_is_no_reward_model_is_refused(tiny_model: Path, tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match="LlamaForCausalLM with 2 outputs, expected a model for sequence classification"
    ):
        rewards.check_reward_model(tiny_model)
    with pytest.raises(InputError):
        rewards.check_reward_model(tmp_path / "nothing")


def test_the_padding_is_never_the_end(byte_tokenizer: Callable[..., Any]) -> None:
    tokenizer = byte_tokenizer()
    assert rewards.padding_id(tokenizer, frozenset({1}), 300) == 0
    tokenizer.pad_token = tokenizer.eos_token
    assert rewards.padding_id(tokenizer, frozenset({1}), 300) == len(tokenizer), (
        "a row of the embedding without a token"
    )
    with pytest.raises(InputError, match="no token to fill up rows with"):
        rewards.padding_id(tokenizer, frozenset({1}), len(tokenizer))


def test_what_the_template_writes_behind_an_answer_is_read_too(byte_tokenizer: Callable[..., Any]) -> None:
    plain, lines = byte_tokenizer(), byte_tokenizer()
    lines.chat_template = lines.chat_template.replace("<|end|>{%", "<|end|>\n{%")
    assert rewards.behind(plain, frozenset({1})) == []
    assert lines.decode(rewards.behind(lines, frozenset({1}))) == "\n"
    turns = [{"role": "user", "content": "hi"}]
    ended, cut = answer("a", lines, turns=turns), answer("a", lines, False, turns=turns)
    assert rewards.sequence(ended, [9])[-2:] == [1, 9] and rewards.sequence(cut, [9])[-1] != 9
    assert rewards.sequence(answer("a", lines), [9])[-1] == 1, "a raw prompt has no template"


def test_rows_side_by_side() -> None:
    ids, attention = rewards.side_by_side([[1, 2, 3], [4]], 0, torch.device("cpu"))
    assert ids.tolist() == [[1, 2, 3], [4, 0, 0]] and attention.tolist() == [[1, 1, 1], [1, 0, 0]]
    ids, attention = rewards.side_by_side([[1, 2, 3], [4]], 0, torch.device("cpu"), left=True)
    assert ids.tolist() == [[1, 2, 3], [0, 0, 4]] and attention.tolist() == [[1, 1, 1], [0, 0, 1]]
