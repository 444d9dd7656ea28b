"""Expansion of a vocabulary with byte fallback, as Llama 2, Mistral and SOLAR have: Hangul is bytes there."""

import gzip
import json
import random
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers
from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from train.options.run import Source
from train.options.tunings import Expansion
from train.tunings.vocabulary import Expanded, expand

BYTES = [f"<0x{byte:02X}>" for byte in range(256)]
LETTERS = ["▁", *"abcdefghijklmnopqrstuvwxyz.,!?0123456789", "ㅋ", "하"]
OLD_MERGES = [("t", "h"), ("▁", "th"), ("▁th", "e"), ("a", "n"), ("an", "d")]
WORDS = ["영화가", "정말", "재미있었습니다", "배우들의", "연기는", "훌륭하고", "음악도", "좋았지만", "결말은",
         "아쉬웠다", "다시", "보고", "싶은", "작품입니다"]  # fmt: skip
CHOICE = random.Random(7)
TEXTS = [
    " ".join(CHOICE.choices(WORDS, k=6)) + CHOICE.choice([".", "!", "ㅋㅋ", "\n\n끝", "😀"]) for _ in range(300)
]  # fmt: skip
OLD = "the cat and the hen, 12\n\tend!"
UNSEEN = "옛날 the 영화\t가 좋았습니다… 漢字 é 😀\n한국어 ㅋㅋ  두 칸"


def write(path: Path, texts: list[str]) -> Source:
    path.write_text("".join(json.dumps({"text": text}, ensure_ascii=False) + "\n" for text in texts))
    return Source(path)


def write_base(folder: Path, form: str, tied: bool = False) -> Path:
    """A tiny Llama; `form`: who writes the spaces, the normalizer as in Llama 2's file or another."""
    tokens = {token: number for number, token in enumerate(["<unk>", "<s>", "</s>", *BYTES, *LETTERS])}
    tokens |= {left + right: len(tokens) + number for number, (left, right) in enumerate(OLD_MERGES)}
    tokenizer = Tokenizer(models.BPE(tokens, OLD_MERGES, unk_token="<unk>", byte_fallback=True, fuse_unk=True))
    if form == "metaspace":
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first", split=False)
    else:
        tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    wrapped = PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", unk_token="<unk>")
    wrapped.save_pretrained(folder)
    if form == "class":
        path = folder / "tokenizer_config.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), "tokenizer_class": "LlamaTokenizer"}))
    torch.manual_seed(3)
    LlamaForCausalLM(
        LlamaConfig(vocab_size=len(tokens), hidden_size=16, intermediate_size=16, num_hidden_layers=1,
                    num_attention_heads=2, tie_word_embeddings=tied)
    ).save_pretrained(folder)  # fmt: skip
    return folder


@pytest.fixture(scope="module", params=["normalizer", "metaspace", "class"])
def base(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_base(tmp_path_factory.mktemp(request.param) / "base", request.param, request.param == "metaspace")


@pytest.fixture(scope="module")
def made(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Expanded:
    folder = tmp_path_factory.mktemp("expanded")
    return expand(str(base), [write(folder / "reviews.jsonl", TEXTS)], folder / "out", Expansion(60, 10, 0.2))


def hangul(text: str) -> bool:
    return any("가" <= character <= "힣" for character in text)


def ids(folder: Path, text: str) -> list[int]:
    return AutoTokenizer.from_pretrained(folder)(text, add_special_tokens=False)["input_ids"]


def test_new_tokens_are_syllables_and_what_is_joined_of_them(made: Expanded) -> None:
    learned = [merge.text for merge in made.merges]
    assert len(learned) == 60 and sum(map(hangul, learned)) > 50
    assert {"영", "정"} <= set(learned), "characters of their own"
    assert any(len(text) > 2 and hangul(text) for text in learned)
    assert "하" not in learned, "it had a token"
    assert not any("<0x" in text or "\n" in text for text in learned)


def test_texts_get_shorter_by_as_much_as_with_bytes_for_all(
    made: Expanded, make_model: Callable[..., Path], tmp_path: Path
) -> None:
    other = make_model(tmp_path / "base")
    source = write(tmp_path / "reviews.jsonl", TEXTS)
    byte_level = expand(str(other), [source], tmp_path / "out", Expansion(60, 10, 0.2)).card
    assert made.card["after"] / made.card["before"] <= byte_level["after"] / byte_level["before"] < 0.6


def test_texts_come_back(base: Path, made: Expanded) -> None:
    before, after = AutoTokenizer.from_pretrained(base), AutoTokenizer.from_pretrained(made.folder)
    for text in (*TEXTS, UNSEEN, *WORDS):
        found = after(text, add_special_tokens=False)["input_ids"]
        assert after.decode(found) == before.decode(before(text, add_special_tokens=False)["input_ids"]) == text
    assert len(ids(made.folder, UNSEEN)) < len(ids(base, UNSEEN))


def test_every_new_token_is_reached_with_each_reader_of_the_folder(made: Expanded) -> None:
    plain = Tokenizer.from_file(str(made.folder / "tokenizer.json"))
    for tokenizer in (plain, AutoTokenizer.from_pretrained(made.folder).backend_tokenizer):
        for number, merge in enumerate(made.merges):
            assert [token.id for token in tokenizer.model.tokenize(merge.text)] == [made.card["first"] + number]
    assert plain.encode(UNSEEN, add_special_tokens=False).ids == ids(made.folder, UNSEEN)


def test_a_text_without_new_tokens_keeps_its_tokens_and_its_logits(base: Path, made: Expanded) -> None:
    assert (given := ids(made.folder, OLD)) == ids(base, OLD)
    old, new = (
        AutoModelForCausalLM.from_pretrained(folder)(torch.tensor([given])).logits for folder in (base, made.folder)
    )
    assert torch.allclose(new[..., : old.shape[-1]], old, rtol=0, atol=1e-6)


def test_a_syllable_starts_as_the_mean_of_its_bytes(base: Path, made: Expanded) -> None:
    old, new = (load_file(folder / "model.safetensors") for folder in (base, made.folder))
    tokens = Tokenizer.from_file(str(base / "tokenizer.json")).get_vocab()
    number = next(number for number, merge in enumerate(made.merges) if merge.text == "영")
    spelled = [tokens[f"<0x{byte:02X}>"] for byte in "영".encode()]
    assert list(made.merges[number].spelled) == spelled
    for name in {"model.embed_tokens.weight", "lm_head.weight"} & set(old):
        assert torch.allclose(new[name][made.card["first"] + number], old[name][spelled].mean(0))


def test_fewer_tokens_than_asked_for_are_counted(base: Path, tmp_path: Path) -> None:
    source = write(tmp_path / "c.jsonl", ["영화"] * 9 + ["영"])
    found = expand(str(base), [source], tmp_path / "out", Expansion(40, 10, 0.0))
    assert [merge.text for merge in found.merges] == ["영", "▁영"]
    assert {name: found.card[name] for name in ("new_tokens", "asked", "least", "unknown")} == {
        "new_tokens": 2, "asked": 40, "least": 10, "unknown": 0,
    }  # fmt: skip


def test_a_unigram_model_with_bytes_gets_syllables_too(tmp_path: Path) -> None:
    pieces = [("<unk>", 0.0), ("</s>", 0.0), *((byte, 0.0) for byte in BYTES), ("▁", -3.0),
              *((letter, -4.0) for letter in "abcde하"), ("ab", -6.0)]  # fmt: skip
    tokenizer = Tokenizer(models.Unigram(pieces, unk_id=0, byte_fallback=True))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Sequence([decoders.ByteFallback(), decoders.Metaspace()])
    wrapped = PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="</s>", unk_token="<unk>")
    wrapped.save_pretrained(tmp_path / "base")
    LlamaForCausalLM(
        LlamaConfig(vocab_size=len(wrapped), hidden_size=16, intermediate_size=16, num_hidden_layers=1,
                    num_attention_heads=2)
    ).save_pretrained(tmp_path / "base")  # fmt: skip
    source = write(tmp_path / "c.jsonl", ["영화 하나 ab"] * 5)
    out = expand(str(tmp_path / "base"), [source], tmp_path / "out", Expansion(40, 2, 0)).folder
    after = Tokenizer.from_file(str(out / "tokenizer.json"))
    assert after.encode("영화 하나").tokens == ["▁영화", "▁하나"]
    for text in ("영화 하나", "화영 ab 나하 흙"):
        assert after.decode(after.encode(text).ids) == text


@pytest.mark.shared_data
def test_a_real_vocabulary_reads_real_reviews_in_half_the_tokens(shared_data: Path, tmp_path: Path) -> None:
    with gzip.open(shared_data / "corpora" / "korean-movie-reviews.jsonl.gz", "rt") as lines:
        texts = [text for line in islice(lines, 3000) if (text := json.loads(line)["text"])]
    base = shared_data / "models" / "stories260k"
    found = expand(str(base), [write(tmp_path / "c.jsonl", texts)], tmp_path / "out", Expansion(200, 10, 0.05))
    assert found.card["after"] < 0.55 * found.card["before"]
    assert len(found.merges) == 200 and sum(hangul(merge.text) for merge in found.merges) > 150
    before, after = AutoTokenizer.from_pretrained(base), AutoTokenizer.from_pretrained(found.folder)
    for text in texts[:300]:
        read = before.decode(before(text, add_special_tokens=False)["input_ids"])
        assert after.decode(after(text, add_special_tokens=False)["input_ids"]) == read
