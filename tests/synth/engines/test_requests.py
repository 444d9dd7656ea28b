"""What is sent to a model: start tokens, chat templates, borders, seeds, and what cannot be sent."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from transformers import PreTrainedTokenizerFast
from transformers.convert_slow_tokenizer import bytes_to_unicode

from curation.errors import InputError
from curation.model import Request, Sampling, ScoreRequest
from synth.engines.requests import Prompter, derive_seed

START, END = 1, 2
Write = Callable[..., PreTrainedTokenizerFast]


def request(prompt: object, **sampling: object) -> Request:
    return Request("r", prompt, Sampling(**{"max_tokens": 5, **sampling}))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def prompter(tiny_model: Path) -> Prompter:
    return Prompter(tiny_model, "tiny", 64)


def test_raw_text_gets_one_start_token(prompter: Prompter) -> None:
    assert prompter.prompt(request("the cat")).token_ids == (START, *prompter.tokenizer("the cat")["input_ids"][1:])
    assert prompter.prompt(request("<|bos|>the cat")).token_ids == prompter.prompt(request("the cat")).token_ids
    assert prompter.prompt(request("")).token_ids == (START,)


def test_the_same_prompt_with_another_start_of_its_answer_is_another_prompt(prompter: Prompter) -> None:
    """The tokens of the last prompt are kept, since samples of one come one after another."""
    first, begun, again = (
        prompter.prompt(Request("r", "the cat", Sampling(5), prefill=prefill)).token_ids
        for prefill in ("", " sat on", "")
    )
    assert first == again and prompter.tokenizer.decode(begun[1:]) == "the cat sat on"


def test_what_decides_the_tokens_is_part_of_what_is_asked(tiny_model: Path, prompter: Prompter) -> None:
    others = [
        Prompter(tiny_model, "tiny", 64, thinking=True), Prompter(tiny_model, "tiny", 65),
        Prompter(tiny_model, "tiny", 64, vocabulary=900),
    ]  # fmt: skip
    assert Prompter(tiny_model, "another name", 64).asking == prompter.asking
    assert len({prompter.asking, *(one.asking for one in others)}) == 4


def test_a_conversation_gets_no_second_start_token(prompter: Prompter) -> None:
    prompt = prompter.prompt(request((("system", "brief"), ("user", "the cat"))))
    assert prompt.token_ids.count(START) == 1
    said = prompter.tokenizer.decode(prompt.token_ids)
    assert said == "<|bos|><|system|>brief<|end|><|user|>the cat<|end|><|assistant|>"


def test_raw_text_is_left_open(tmp_path: Path, write_tokenizer: Write) -> None:
    """A tokenizer that closes every text would make the model begin another one."""
    tokenizer = write_tokenizer(ends=True)
    assert tokenizer("the cat")["input_ids"][-1] == END
    tokenizer.save_pretrained(tmp_path)
    token_ids = Prompter(tmp_path, "closing", 64).prompt(request("the cat")).token_ids
    assert token_ids == tuple(tokenizer("the cat")["input_ids"][:-1])


def test_what_does_not_fit_is_refused_with_its_length(prompter: Prompter) -> None:
    fits = prompter.prompt(request("zq" * 31))
    assert (len(fits.token_ids), fits.refusal, fits.max_tokens) == (63, None, 1)
    over = prompter.prompt(request("zq" * 32))
    assert over.refusal == "prompt of 65 tokens, limit 63"
    response = over.refused()
    assert (response.finish_reason, response.error, response.prompt_tokens) == ("refused", over.refusal, 65)
    assert prompter.passage(ScoreRequest("s", "zq" * 20, "zq" * 20)).refusal == "prompt of 81 tokens, limit 63"


def test_no_room_is_promised_that_the_context_lacks(prompter: Prompter) -> None:
    assert prompter.prompt(request("zq" * 20, max_tokens=100)).max_tokens == 64 - 41
    assert prompter.prompt(request("zq" * 20, max_tokens=7)).max_tokens == 7
    assert prompter.prompt(request("zq", max_tokens=0)).refusal == "max_tokens is 0, expected at least 1"


@pytest.mark.parametrize(
    ("sampling", "refusal"),
    [
        ({"temperature": -0.5}, "temperature is -0.5, expected 0 or more"),
        ({"temperature": float("nan")}, "temperature is nan, expected 0 or more"),
        ({"temperature": float("inf")}, "temperature is inf, expected 0 or more"),
        ({"top_p": 0.0}, "top_p is 0.0, expected more than 0, at most 1"),
        ({"top_p": 1.5}, "top_p is 1.5, expected more than 0, at most 1"),
        ({"top_k": -1}, "top_k is -1, expected 0 (off) or more"),
        ({"repetition_penalty": 0.0}, "repetition_penalty is 0.0, expected more than 0"),
        ({"repetition_penalty": float("nan")}, "repetition_penalty is nan, expected more than 0"),
        ({"stop": ("a", "")}, "a stop string is empty, expected text"),
    ],
)
def test_what_engines_would_each_take_differently_is_refused(
    prompter: Prompter, sampling: dict[str, Any], refusal: str
) -> None:
    assert prompter.prompt(request("the cat", **sampling)).refusal == refusal


def test_text_that_is_no_unicode_is_refused(prompter: Prompter) -> None:
    refusal = "character 4 is the lone surrogate U+D83D, expected Unicode text"
    assert prompter.prompt(request("the \ud83d cat")).refusal == refusal
    assert prompter.passage(ScoreRequest("s", "the", " \ud83d cat")).refusal == refusal
    said = prompter.prompt(request((("user", "\ud83d"),))).refusal
    assert said == "character 15 is the lone surrogate U+D83D, expected Unicode text"  # counted in the rendered text


def test_a_token_that_the_model_has_no_embedding_for_is_refused(tiny_model: Path) -> None:
    prompter = Prompter(tiny_model, "tiny", 64, vocabulary=299)
    last = prompter.tokenizer.convert_ids_to_tokens(299)
    text = prompter.tokenizer.decode([299])
    assert prompter.prompt(request("zq")).refusal is None
    refusal = f"token 299 ({last}) is the tokenizer's, not the model's: it has 299"
    assert prompter.prompt(request(text)).refusal == refusal
    assert prompter.passage(ScoreRequest("s", "zq", text)).refusal == refusal
    assert Prompter(tiny_model, "tiny", 64, vocabulary=300).prompt(request(text)).refusal is None


def test_a_tokenizer_that_cannot_be_read_is_named(tmp_path: Path, write_tokenizer: Write) -> None:
    write_tokenizer().save_pretrained(tmp_path)
    file = tmp_path / "tokenizer.json"
    text = file.read_text()
    for damaged in (text[: len(text) // 2], "{}", ""):
        file.write_text(damaged)
        with pytest.raises(InputError, match="^some/model: its tokenizer cannot be read "):
            Prompter(tmp_path, "some/model", 64)


def test_a_conversation_that_the_template_refuses_is_refused(prompter: Prompter) -> None:
    assert prompter.prompt(request((("wizard", "hello"),))).refusal == "chat template: unknown role"
    assert prompter.passage(ScoreRequest("s", (("wizard", "hello"),), "x")).refusal == "chat template: unknown role"


def test_turns_need_a_template(tmp_path: Path, write_tokenizer: Write) -> None:
    write_tokenizer(template=None).save_pretrained(tmp_path)
    prompter = Prompter(tmp_path, "some/base-model", 64)
    with pytest.raises(InputError, match="some/base-model: the tokenizer has no chat template"):
        prompter.prompt(request((("user", "hello"),)))
    assert prompter.prompt(request("hello")).refusal is None


def test_a_prompt_of_nothing_is_refused(tmp_path: Path, write_tokenizer: Write) -> None:
    tokenizer = write_tokenizer()
    tokenizer._tokenizer.post_processor = None
    tokenizer.save_pretrained(tmp_path)
    prompter = Prompter(tmp_path, "startless", 64)
    assert prompter.prompt(request("")).refusal == "prompt of 0 tokens, expected at least 1"
    passage = prompter.passage(ScoreRequest("s", "", "the cat"))
    assert str(passage.refusal).startswith("no token before the continuation")
    assert prompter.passage(ScoreRequest("s", "the", " cat")).refusal is None


def test_seeds_differ_by_request_and_sample_and_stay() -> None:
    seeds = {derive_seed(run, name, sample) for run in (0, 1) for name in ("a", "b") for sample in range(50)}
    assert len(seeds) == 200
    assert all(0 <= seed < 2**63 for seed in seeds)
    assert derive_seed(0, "a", 0) == 6871353845819838154  # written down once: cached answers hang on it


def test_only_drawn_answers_have_a_seed(prompter: Prompter) -> None:
    assert prompter.prompt(request("a", temperature=0.0, seed=3)).seed is None
    assert prompter.prompt(request("a", temperature=0.5, seed=3)).seed == derive_seed(3, "r", 0)


TEXTS = st.text(st.sampled_from("the cat 하늘을é\n\n<.12"), max_size=12)


@given(context=TEXTS, continuation=TEXTS)
def test_a_passage_is_cut_where_its_continuation_begins(prompter: Prompter, context: str, continuation: str) -> None:
    passage = prompter.passage(ScoreRequest("s", context, continuation))
    pieces = [spelt(prompter, token) for token in passage.token_ids]
    assert b"".join(pieces) == b"<|bos|>" + (context + continuation).encode()
    before = b"".join(pieces[: passage.start]).removeprefix(b"<|bos|>")
    assert context.encode().startswith(before)
    if continuation:
        assert len(before + pieces[passage.start]) > len(context.encode())
    else:
        assert passage.start == len(pieces)


def spelt(prompter: Prompter, token: int) -> bytes:
    letters = {letter: byte for byte, letter in bytes_to_unicode().items()}
    return bytes(letters[letter] for letter in prompter.tokenizer.convert_ids_to_tokens(token))


def test_a_token_across_the_border_is_the_continuations(prompter: Prompter) -> None:
    joined = prompter.tokenizer.tokenize("the")
    assert joined == ["the"]
    passage = prompter.passage(ScoreRequest("s", "th", "e cat"))
    assert prompter.tokenizer.decode(passage.token_ids[passage.start :]) == "the cat"


def test_an_answer_is_scored_after_the_opening_of_its_turn(prompter: Prompter) -> None:
    asked = (("user", "the cat"),)
    passage = prompter.passage(ScoreRequest("s", asked, "하늘"))
    assert passage.token_ids[: passage.start] == prompter.prompt(request(asked)).token_ids
    assert prompter.tokenizer.decode(passage.token_ids[passage.start :]) == "하늘"
