import math
import unicodedata

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curation import ngrams
from curation.errors import InputError
from curation.ngrams import NgramOptions

TEXTS = st.lists(st.text(max_size=60).map(lambda t: t.encode("utf-8", "ignore").decode()), max_size=6)


def _reference(text: str, options: NgramOptions) -> list[tuple[object, ...]]:
    """N-grams as tuples, plainly: tokens are runs of one kind, characters have an edge on both sides of a word."""
    folded = unicodedata.normalize("NFC", text).lower()
    tokens: list[tuple[str, str]] = []
    before = ""
    for character in folded:
        major = unicodedata.category(character)[0]
        kind = "space" if major in "ZC" else "word" if major in "LMN" and ord(character) < 0x34000 else "mark"
        if ord(character) >= 0x34000:
            kind = "space"
        if kind == before != "space":
            tokens[-1] = (kind, tokens[-1][1] + character)
        elif kind != "space":
            tokens.append((kind, character))
        before = kind
    found: list[tuple[object, ...]] = []
    line = [token for token in tokens if token[0] == "word" or options.marks]
    for size in range(1, options.words + 1):
        found += [("w", *line[at : at + size]) for at in range(len(line) - size + 1)]
    for kind, token in tokens:
        if kind == "word" and options.longest:
            padded = ["<", *token, "<"]
            for size in range(options.shortest, options.longest + 1):
                found += [("c", *padded[at : at + size]) for at in range(len(padded) - size + 1)]
    return [one for one in found if one != ("c", "<")]


@settings(max_examples=25)  # a table of 16 million buckets each
@given(TEXTS, st.integers(0, 3), st.sampled_from([(1, 0), (1, 2), (2, 4), (3, 3)]), st.booleans())
def test_counts_are_those_of_the_plain_reference(texts: list[str], words: int, sizes: tuple[int, int], marks: bool):
    if words == 0 and sizes[1] == 0:
        words = 1
    options = NgramOptions(words=words, shortest=sizes[0], longest=sizes[1], marks=marks, buckets=1 << 24)
    matrix = ngrams.counts(pl.Series(texts, dtype=pl.String), options)
    assert matrix.shape == (len(texts), 1 << 24)
    for row, text in enumerate(texts):
        expected: dict[tuple[object, ...], int] = {}
        for one in _reference(text, options):
            expected[one] = expected.get(one, 0) + 1
        # 16 million buckets: no two of these few n-grams share one, so the counts are the same multiset
        assert sorted(matrix[row].data.tolist()) == sorted(expected.values())


def test_equal_ngrams_share_a_bucket_and_others_do_not():
    options = NgramOptions(words=1, longest=0)
    matrix = ngrams.counts(pl.Series(["The cat, the CAT", "cat", "한국 한국"]), options)
    assert sorted(matrix[0].data.tolist()) == [1, 2, 2]
    assert matrix[1].indices[0] in matrix[0].indices
    assert matrix[2].data.tolist() == [2] and matrix[2].indices[0] not in matrix[0].indices


def test_decomposed_korean_is_the_same_text():
    texts = pl.Series(["한국의 수도", unicodedata.normalize("NFD", "한국의 수도")])
    matrix = ngrams.counts(texts, NgramOptions())
    assert (matrix[0] != matrix[1]).nnz == 0


def test_buckets_never_change():
    """Saved models name buckets by number: a change of the hash would silently spoil them."""
    matrix = ngrams.counts(pl.Series(["cat", "한"]), NgramOptions(words=1, shortest=2, longest=2, buckets=1 << 16))
    assert matrix.indices.tolist() == [26613, 9536, 60393, 34236, 24793, 28117, 17945, 19613]


def test_rows_do_not_depend_on_their_neighbours_and_come_in_batches(monkeypatch: pytest.MonkeyPatch):
    texts = pl.Series([f"row {i} of many, 행 {i}" * (i % 7) for i in range(60)])
    whole = ngrams.counts(texts, NgramOptions())
    monkeypatch.setattr(ngrams, "_BATCH", 500)
    parts = list(ngrams.batches(texts, NgramOptions()))
    assert len(parts) > 20 and sum(part.shape[0] for part in parts) == 60
    assert (ngrams.counts(texts, NgramOptions()) != whole).nnz == 0
    assert (ngrams.counts(texts[17:23], NgramOptions()) != whole[17:23]).nnz == 0
    np.testing.assert_array_equal(ngrams.totals(texts, NgramOptions()), np.asarray(whole.sum(axis=0)).ravel())


def test_weights_of_ngrams():
    matrix = ngrams.counts(pl.Series(["cat cat dog", "dog", ""]), NgramOptions(words=1, longest=0, buckets=1 << 16))
    rarity = ngrams.rarity(matrix)
    cat, dog = (ngrams.counts(pl.Series([word]), NgramOptions(words=1, longest=0, buckets=1 << 16)).indices[0]
                for word in ("cat", "dog"))  # fmt: skip
    assert rarity[[cat, dog]] == pytest.approx([math.log(4 / 2) + 1, math.log(4 / 3) + 1], rel=1e-6)
    found = ngrams.weighted(matrix, rarity).toarray()
    both = np.array([(1 + math.log(2)) * rarity[cat], rarity[dog]])
    np.testing.assert_allclose(found[0, [cat, dog]], both / np.linalg.norm(both), rtol=1e-6)
    assert found[1, dog] == 1 and not found[2].any()


def test_nothing_to_count():
    assert ngrams.counts(pl.Series([], dtype=pl.String), NgramOptions()).shape == (0, 1 << 18)
    assert ngrams.counts(pl.Series(["", " \n\t\x00"]), NgramOptions()).nnz == 0
    assert not ngrams.totals(pl.Series([""]), NgramOptions()).any()


@pytest.mark.parametrize(
    "wrong",
    [{"words": -1}, {"words": 0, "longest": 0}, {"shortest": 5}, {"buckets": 1000}, {"buckets": 8}, {"longest": 40}],
)
def test_refusals(wrong: dict[str, int]):
    with pytest.raises(InputError, match="expected"):
        NgramOptions(**wrong)
