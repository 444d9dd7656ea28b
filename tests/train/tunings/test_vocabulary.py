import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from curation.errors import InputError
from train.options.run import Source, TrainOptions
from train.options.tunings import Expansion, Vocabulary
from train.training import train
from train.tunings.vocabulary import Expanded, expand

KOREAN = ["안녕하세요 반갑습니다", "반갑습니다 여러분", "여러분 안녕하세요 고맙습니다", "고맙습니다 안녕하세요"]
OLD = "zq xw 12"
OPTIONS = Expansion(tokens=12, least=2, held_out=0.0)


def write(path: Path, texts: list[str]) -> Source:
    path.write_text("".join(json.dumps({"text": text}, ensure_ascii=False) + "\n" for text in texts))
    return Source(path)


@pytest.fixture(scope="module", params=["tied", "apart"])
def base(
    request: pytest.FixtureRequest, make_model: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    return make_model(tmp_path_factory.mktemp(request.param) / "base", tied=request.param == "tied")


@pytest.fixture(scope="module")
def made(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Expanded:
    folder = tmp_path_factory.mktemp("expanded")
    return expand(str(base), [write(folder / "corpus.jsonl", KOREAN)], folder / "out", OPTIONS)


def ids(folder: Path, text: str) -> list[int]:
    return AutoTokenizer.from_pretrained(folder)(text, add_special_tokens=False)["input_ids"]


def test_the_corpus_takes_fewer_tokens_and_reads_the_same(base: Path, made: Expanded) -> None:
    tokenizer = AutoTokenizer.from_pretrained(made.folder)
    assert len(tokenizer) == len(AutoTokenizer.from_pretrained(base)) + 12
    assert len(ids(made.folder, KOREAN[0])) < len(ids(base, KOREAN[0])) * 2 / 3
    for text in (*KOREAN, "안녕 세계, hello <|end|> 12"):
        assert tokenizer.decode(ids(made.folder, text)) == text


def test_a_text_without_new_tokens_keeps_its_tokens_and_its_logits(base: Path, made: Expanded) -> None:
    before, after = ids(base, OLD), ids(made.folder, OLD)
    assert before == after
    logits = [
        AutoModelForCausalLM.from_pretrained(folder)(torch.tensor([after])).logits for folder in (base, made.folder)
    ]
    assert torch.allclose(logits[1][..., : logits[0].shape[-1]], logits[0], rtol=0, atol=1e-6)


def test_new_rows_start_as_the_mean_of_the_old_tokens_they_spell(base: Path, made: Expanded) -> None:
    old, new = (load_file(folder / "model.safetensors") for folder in (base, made.folder))
    first = made.card["first"]
    for name in {"model.embed_tokens.weight", "lm_head.weight"} & set(old):
        assert new[name][:first].equal(old[name])
        for number, merge in enumerate(made.merges):
            assert torch.allclose(new[name][first + number], old[name][list(merge.spelled)].mean(0))
    config = json.loads((made.folder / "config.json").read_text())
    assert config["vocab_size"] == first + 12 == len(new["model.embed_tokens.weight"])
    assert json.loads((made.folder / "new_tokens.json").read_text()) == {"first": first, "count": 12}


def test_the_order_of_the_corpus_does_not_matter(base: Path, made: Expanded, tmp_path: Path) -> None:
    again = expand(str(base), [write(tmp_path / "corpus.jsonl", KOREAN[::-1])], tmp_path / "out", OPTIONS)
    for name in ("tokenizer.json", "model.safetensors", "vocabulary.json"):
        assert (again.folder / name).read_bytes() == (made.folder / name).read_bytes(), name


def test_texts_held_out_say_what_was_gained(base: Path, tmp_path: Path) -> None:
    texts = [f"{word} {number}" for number in range(40) for word in KOREAN]
    found = expand(str(base), [write(tmp_path / "c.jsonl", texts)], tmp_path / "out", Expansion(30, 2, 0.2)).card
    assert 0 < found["held_out_characters"] < sum(map(len, texts)) / 2
    assert found["after"] < found["before"] / 2


def test_only_new_rows_move_and_the_others_are_the_same_to_the_bit(made: Expanded, tmp_path: Path) -> None:
    source = write(tmp_path / "texts.jsonl", KOREAN)
    apart = "lm_head.weight" in load_file(made.folder / "model.safetensors")
    options = TrainOptions(
        str(made.folder), (source,), "cpt", "full", steps=3, batch_size=2, learning_rate=1e-2, weight_decay=0.5,
        trainable=("model.embed_tokens.*", "lm_head.*") if apart else ("model.embed_tokens.*",), threads=1,
        vocabulary=Vocabulary("new", "new" if apart else "all"), max_tokens=32,
    )  # fmt: skip
    report = train(options, tmp_path / "staged")
    before, after = (load_file(folder / "model.safetensors") for folder in (made.folder, report.folder))
    first = made.card["first"]
    for name, weight in before.items():
        if name in ("model.embed_tokens.weight", "lm_head.weight"):
            assert after[name][:first].equal(weight[:first]), name
            assert (after[name][first:] != weight[first:]).any(-1).all(), name
        else:
            assert after[name].equal(weight), name
    assert (report.folder / "new_tokens.json").is_file(), "the next stage reads it"


def test_a_unigram_model_keeps_the_pieces_of_other_texts(tmp_path: Path) -> None:
    pieces = [("<unk>", 0.0), ("</s>", 0.0), ("▁", -3.0), *((letter, -4.0) for letter in "abcdefgh"), ("ab", -6.0)]
    tokenizer = Tokenizer(models.Unigram(pieces, unk_id=0))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    folder = tmp_path / "base"
    wrapped = PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="</s>", unk_token="<unk>")
    wrapped.save_pretrained(folder)
    LlamaForCausalLM(
        LlamaConfig(vocab_size=len(wrapped), hidden_size=16, intermediate_size=16, num_hidden_layers=1,
                    num_attention_heads=2)
    ).save_pretrained(folder)  # fmt: skip
    found = expand(
        str(folder), [write(tmp_path / "c.jsonl", ["cde cde", "cde f"])], tmp_path / "out", Expansion(4, 2, 0)
    )
    after = Tokenizer.from_file(str(found.folder / "tokenizer.json"))
    assert after.encode("cde").tokens == ["▁cde"] and after.encode("ab ha").tokens == ["▁", "ab", "▁", "h", "a"]


@pytest.mark.parametrize(
    ("texts", "options", "sentence"),
    [
        (["가나"], Expansion(4, 9, 0), "corpus.jsonl: no two tokens stand together 9 times"),
        ([" "], OPTIONS, "corpus.jsonl: no texts"),
    ],
)
def test_what_cannot_be_is_said(
    texts: list[str], options: Any, sentence: str, tiny_model: Path, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=sentence):
        expand(str(tiny_model), [write(tmp_path / "corpus.jsonl", texts)], tmp_path / "out", options)
    assert not (tmp_path / "out").exists()
