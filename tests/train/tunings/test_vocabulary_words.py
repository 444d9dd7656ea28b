import pytest
from tokenizers import AddedToken, Tokenizer, models, normalizers

from train.tunings.vocabulary_words import Words, byte_of

BYTES = [f"<0x{byte:02X}>" for byte in range(256)]
LETTERS = ["▁", "a", "b", "나"]


def words(texts: list[str], fallback: bool = True) -> tuple[Words, list[tuple[str, ...]]]:
    tokens = {token: number for number, token in enumerate(["<unk>", *BYTES, *LETTERS])}
    tokenizer = Tokenizer(models.BPE(tokens, [], unk_token="<unk>", byte_fallback=fallback, fuse_unk=True))
    tokenizer.normalizer = normalizers.Replace(" ", "▁")
    tokenizer.add_special_tokens([AddedToken("<unk>"), AddedToken("<end>")])
    reader = Words(tokenizer, {"byte_fallback": fallback, "unk_token": "<unk>"})
    return reader, list(reader.read(texts))


def test_the_bytes_of_a_character_are_that_character() -> None:
    reader, found = words(["가나a é"])
    assert found == [("가", "나", "a"), ("▁", "é")]
    assert reader.spelled["가"] == (1 + 0xEA, 1 + 0xB0, 1 + 0x80) and len(reader.spelled["é"]) == 2
    assert len(reader.spelled["나"]) == len(reader.spelled["a"]) == 1
    assert words(["가", "😀", "a"])[1] == [("가",), ("😀",)], "one character can become a token, one token cannot"


@pytest.mark.parametrize("between", ["\n", "\t", "\u00a0", "\u3000", "\u0085", "<end>", "<unk>"])
def test_whitespace_and_special_tokens_part_words(between: str) -> None:
    assert words([f"ab{between}가b"])[1] == [("a", "b"), ("가", "b")]


def test_a_vocabulary_without_bytes_has_places_that_are_unknown() -> None:
    reader, found = words(["ab가나 ab가다a"], fallback=False)
    assert found == [("a", "b"), ("▁", "a", "b")] and reader.unknown == 2


def test_a_byte_is_told_from_other_tokens() -> None:
    assert byte_of("<0xEA>") == 0xEA
    assert [byte_of(token) for token in ("<0xEA", "<0xZZ>", "가", "<0xEA><0xB0>")] == [None] * 4
