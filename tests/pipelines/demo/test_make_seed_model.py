"""Making the seed model: its layout, its schedule, its loss, and that the same command gives the same weights."""

import json
import random
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaForCausalLM, PreTrainedTokenizerFast

from pipelines.demo import make_seed_model
from pipelines.demo.make_seed_model import FINAL_RATE, PEAK_RATE, WARM_UP, batches_of, learning_rate
from pipelines.demo.seed_corpus import Mix, Piece, step_documents

Model = tuple[LlamaForCausalLM, PreTrainedTokenizerFast]
QUESTION, ANSWER = "<|user|>\nAdd: 1 + 2<|end|>\n<|assistant|>\n", "The sum is 3.<|end|>"


def test_the_layout_is_one_that_engines_take(untrained: Model) -> None:
    model, tokenizer = untrained
    assert model.config.head_dim == 32  # the smallest that vLLM's CPU kernels take
    assert model.config.vocab_size == len(tokenizer) and model.config.tie_word_embeddings
    assert model.config.max_position_embeddings == tokenizer.model_max_length
    ids = (tokenizer.pad_token_id, tokenizer.bos_token_id, tokenizer.eos_token_id)
    assert len(set(ids)) == 3
    for config in (model.config, model.generation_config):
        assert (config.pad_token_id, config.bos_token_id, config.eos_token_id) == ids
    assert 0.7e6 < model.num_parameters() < 4e6


def test_a_saved_model_is_the_same_when_it_is_loaded(untrained: Model, untrained_folder: Path) -> None:
    model, tokenizer = untrained
    loaded = AutoModelForCausalLM.from_pretrained(untrained_folder, dtype=torch.float32)
    for name, weight in model.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], weight), name
    again = AutoTokenizer.from_pretrained(untrained_folder)
    assert again(QUESTION + "사과")["input_ids"] == tokenizer(QUESTION + "사과")["input_ids"]
    turns = [{"role": "user", "content": "Add: 1 + 2"}]
    assert again.apply_chat_template(turns, tokenize=False, add_generation_prompt=True) == QUESTION


def test_the_rate_rises_to_its_peak_and_falls_to_its_end() -> None:
    steps = 1000
    rates = [learning_rate(step, steps) for step in range(steps + 1)]
    assert rates[0] == pytest.approx(PEAK_RATE / WARM_UP) and rates[WARM_UP - 1] == pytest.approx(PEAK_RATE)
    assert rates[WARM_UP] == max(rates) == PEAK_RATE and rates[steps] == pytest.approx(FINAL_RATE)
    assert rates[:WARM_UP] == sorted(rates[:WARM_UP]) and rates[WARM_UP:] == sorted(rates[WARM_UP:], reverse=True)
    middle = WARM_UP + (steps - WARM_UP) // 2
    assert rates[middle] == pytest.approx((PEAK_RATE + FINAL_RATE) / 2)
    assert 0 < learning_rate(2, 3) < PEAK_RATE  # fewer steps than the warm-up


def test_loss_is_on_answers_and_never_on_padding(tokenizer: PreTrainedTokenizerFast) -> None:
    documents: list[list[Piece]] = [[(QUESTION, 0.0), (ANSWER, 1.0)], [("Add", 1.0)]]
    batches = batches_of(documents, tokenizer)
    learned = []
    for inputs, labels, weights in batches:
        assert inputs.shape == labels.shape == weights.shape
        for row in range(len(inputs)):
            learned.append(tokenizer.decode(labels[row][weights[row] > 0]))
            length = int((inputs[row] != tokenizer.pad_token_id).sum())
            assert not weights[row][length - 1 :].any()
    whole = tokenizer.decode(tokenizer("Add")["input_ids"][1:])  # nothing comes before a text's first token
    assert sorted(learned) == sorted([ANSWER, whole])


@settings(max_examples=30)
@given(seed=st.integers(0, 999), chats=st.integers(1, 12), lists=st.integers(0, 4), rewritings=st.integers(0, 6))
def test_every_token_is_in_one_batch_and_predicts_the_next(
    tokenizer: PreTrainedTokenizerFast, seed: int, chats: int, lists: int, rewritings: int
) -> None:
    documents = step_documents(seed, 0, Mix(chats, lists, rewritings))
    found: list[list[int]] = []
    total = 0.0
    for inputs, labels, weights in batches_of(documents, tokenizer):
        lengths = (inputs != tokenizer.pad_token_id).sum(dim=1)
        for row, length in enumerate(lengths.tolist()):
            found.append(inputs[row, :length].tolist())
            assert labels[row, : length - 1].tolist() == inputs[row, 1:length].tolist()
            assert (labels[row, length - 1 :] == -100).all()
        total += float(weights.sum())
    texts = ["".join(text for text, _ in document) for document in documents]
    assert sorted(tokenizer.decode(ids) for ids in found) == sorted(texts)
    first = sum(1.0 for document in documents if document[0][1])
    pieces = [(tokenizer(text)["input_ids"], weight) for document in documents for text, weight in document]
    assert total == sum(len(ids) * weight for ids, weight in pieces) - first


def test_little_of_a_batch_is_padding(tokenizer: PreTrainedTokenizerFast) -> None:
    batches = batches_of(step_documents(0, 0, Mix()), tokenizer)
    tokens = sum(int((inputs != tokenizer.pad_token_id).sum()) for inputs, _, _ in batches)
    assert tokens > 0.75 * sum(inputs.numel() for inputs, _, _ in batches)


def test_the_same_command_gives_the_same_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(make_seed_model, "SAMPLED_DOCUMENTS", 30)
    threads, state = torch.get_num_threads(), random.getstate()
    try:
        for name in ("one", "again"):
            arguments = ["--out", str(tmp_path / name), "--steps", "2", "--seed", "5", "--threads", "1"]
            make_seed_model.main([*arguments, "--checkpoint-every", "1"])
    finally:
        torch.use_deterministic_algorithms(False)
        torch.set_num_threads(threads)
        random.setstate(state)
    one, again = (tmp_path / name / "model.safetensors" for name in ("one", "again"))
    assert one.read_bytes() == again.read_bytes()
    assert (one.parent / "tokenizer.json").read_bytes() == (again.parent / "tokenizer.json").read_bytes()
    assert all(torch.isfinite(weight).all() for weight in load_file(one).values())
    record = json.loads((one.parent / "training.json").read_text())
    assert (record["steps"], record["seed"], record["threads"]) == (2, 5, 1) and record["tokens"] > 1000


def test_training_lowers_the_loss(untrained: Model) -> None:
    tokenizer = untrained[1]
    torch.manual_seed(0)
    model = make_seed_model.build_model(tokenizer)
    mix = Mix(chats=4, lists=0, rewritings=0)

    def loss() -> float:
        with torch.no_grad():
            total, count = 0.0, 0.0
            for inputs, labels, weights in batches_of(step_documents(9, 0, mix), tokenizer):
                logits = model(input_ids=inputs).logits
                each = torch.nn.functional.cross_entropy(logits.flatten(0, 1), labels.flatten(), reduction="none")
                total += float((each * weights.flatten()).sum())
                count += float(weights.sum())
        return total / count

    before = loss()
    made = make_seed_model.train(model, tokenizer, 8, seed=0, mix=mix)
    assert loss() < before and made["steps"] == 8 and not model.training
