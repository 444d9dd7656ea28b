"""Tokens of the models at hand: the seed model, and one that makes chats of plain words."""

import json
import shutil
from pathlib import Path

import pytest

from curation.errors import InputError
from curation.model import Response
from synth.rehearse import ModelTokens
from synth.rehearse.tokens import Opening

CHAT = [{"role": "user", "content": "reverse: moon"}, {"role": "assistant", "content": "noom"}]


@pytest.fixture(scope="module")
def tokens(seed_model: Path) -> ModelTokens:
    return ModelTokens(seed_model)


def with_template(model: Path, folder: Path, template: str) -> Path:
    shutil.copytree(model, folder)
    (folder / "chat_template.jinja").write_text(template)
    return folder


def test_a_conversation_costs_what_its_template_adds(tokens: ModelTokens) -> None:
    assert tokens.count(CHAT) > tokens.count_text("reverse: moon") + tokens.count_text("noom")
    assert tokens.count(CHAT) == tokens.count_text(
        "<|user|>\nreverse: moon<|end|>\n<|assistant|>\nnoom<|end|>\n"
    )  # as the seed model's template writes it
    assert tokens.count_text("") == 0


def test_a_start_token_that_a_tokenizer_adds_is_no_part_of_a_text(
    tokens: ModelTokens, seed_model: Path, tmp_path: Path
) -> None:
    shutil.copytree(seed_model, tmp_path / "model")
    file = tmp_path / "model" / "tokenizer.json"
    made = json.loads(file.read_text())
    start = {"id": "<|bos|>", "ids": [tokens._tokenizer.bos_token_id], "tokens": ["<|bos|>"]}
    single = [{"SpecialToken": {"id": "<|bos|>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}]
    made["post_processor"] = {"type": "TemplateProcessing", "single": single, "special_tokens": {"<|bos|>": start},
                              "pair": [*single, {"Sequence": {"id": "B", "type_id": 1}}]}  # fmt: skip
    file.write_text(json.dumps(made))
    adding = ModelTokens(tmp_path / "model")
    assert adding.start() == ""  # the tokenizer writes it
    assert adding.count_text("reverse: moon") == tokens.count_text("reverse: moon")
    assert adding.count(CHAT) == tokens.count(CHAT)


def test_marks_are_the_special_tokens_and_what_stands_around_turns(tokens: ModelTokens) -> None:
    assert {"<|user|>", "<|assistant|>", "<|end|>", "<|bos|>"} <= set(tokens.markers)


def test_an_empty_turn_of_the_user(tokens: ModelTokens) -> None:
    assert tokens.opening() == Opening("<|user|>\n", "")


def test_a_template_of_plain_words_ends_a_turn_by_words(seed_model: Path, tmp_path: Path) -> None:
    template = (
        "{% for m in messages %}{{ 'Human: ' if m['role'] == 'user' else 'Bot: ' }}{{ m['content'] }}\n"
        "{% endfor %}{% if add_generation_prompt %}Bot: {% endif %}"
    )
    plain = ModelTokens(with_template(seed_model, tmp_path / "model", template))
    assert plain.opening() == Opening("Human: ", "\nBot:")
    assert {"Human:", "Bot:"} <= set(plain.markers)


def test_a_template_that_changes_words_has_no_opening(seed_model: Path, tmp_path: Path) -> None:
    folder = with_template(seed_model, tmp_path / "model", "{% for m in messages %}{{ m['content'][:0] }}{% endfor %}")
    with pytest.raises(InputError, match="changes the user's words"):
        ModelTokens(folder).opening()


def test_a_template_that_refuses_turns_says_so(seed_model: Path, tmp_path: Path) -> None:
    template = "{{ raise_exception('alternate!') }}"
    refusing = ModelTokens(with_template(seed_model, tmp_path / "model", template))
    with pytest.raises(InputError, match="refuses turns of user, assistant: alternate!"):
        refusing.count(CHAT)
    assert "<|user|>" in refusing.markers  # its special tokens are known all the same


def test_without_a_template_the_words_are_counted(seed_model: Path, tmp_path: Path) -> None:
    shutil.copytree(seed_model, tmp_path / "model", ignore=shutil.ignore_patterns("chat_template.jinja"))
    settings = json.loads((tmp_path / "model" / "tokenizer_config.json").read_text())
    settings.pop("chat_template", None)
    (tmp_path / "model" / "tokenizer_config.json").write_text(json.dumps(settings))
    plain = ModelTokens(tmp_path / "model")
    assert plain.count(CHAT) == plain.count_text("reverse: moon") + plain.count_text("noom")
    with pytest.raises(InputError, match="has no chat template"):
        plain.opening()


def test_a_document_ends_where_the_next_one_begins(tokens: ModelTokens) -> None:
    tokenizer = tokens._tokenizer
    first, second = (tokenizer(text, add_special_tokens=False)["input_ids"] for text in ("reverse: moon", "add: 3"))
    start = tokenizer.bos_token_id
    both = Response("r", 0, "reverse: moonadd: 3", (*first, start, *second), "length", 1)
    assert tokens.document(both) == ("reverse: moon", True)
    one = Response("r", 0, "reverse: moon", tuple(first), "length", 1)
    assert tokens.document(one) == ("reverse: moon", False)
    assert tokens.document(Response("r", 0, "reverse: moon", tuple(first), "stop", 1)) == ("reverse: moon", True)
    assert tokens.document(Response("r", 0, "x", (start,), "length", 1)) == ("", True)


def test_a_document_begins_with_the_start_token(tokens: ModelTokens, seed_model: Path, tmp_path: Path) -> None:
    assert tokens.start() == "<|bos|>"
    shutil.copytree(seed_model, tmp_path / "model")
    settings = json.loads((tmp_path / "model" / "tokenizer_config.json").read_text())
    settings.pop("bos_token")
    (tmp_path / "model" / "tokenizer_config.json").write_text(json.dumps(settings))
    assert ModelTokens(tmp_path / "model").start() == settings["eos_token"]


def test_no_model_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="expected a model folder"):
        ModelTokens(tmp_path / "none")
