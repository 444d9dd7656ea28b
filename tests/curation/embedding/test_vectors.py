from collections.abc import Iterable, Iterator

import numpy as np
import polars as pl
import pytest

from curation.embedding import vectors
from curation.model import Text, Vector

DOCUMENTS = pl.DataFrame({"doc_id": ["b", "a", "c"], "text": ["xx", "x", "xyyy"]})


class Letters:
    """Embeds a text by its numbers of x and y, last text first."""

    def __init__(self, leave_out: str = "", twice: str = "") -> None:
        self.leave_out, self.twice = leave_out, twice

    def embed(self, texts: Iterable[Text]) -> Iterator[Vector]:
        for one in reversed(list(texts)):
            values = np.array([one.text.count("x"), one.text.count("y")], np.float32)
            yield from [Vector(one.id, values)] * ((one.id != self.leave_out) + (one.id == self.twice))


def test_vectors_of_an_embedder_come_in_the_order_of_documents():
    found = vectors.of_embedder(DOCUMENTS, Letters())
    np.testing.assert_allclose(found, [[1, 0], [1, 0], [0.1**0.5, 0.9**0.5]], atol=1e-6)
    assert vectors.of_embedder(DOCUMENTS[:0], Letters()).shape == (0, 0)
    with pytest.raises(ValueError, match="2 vectors"):
        vectors.of_embedder(DOCUMENTS, Letters(leave_out="a"))
    with pytest.raises(ValueError, match="two vectors for 'a'"):
        vectors.of_embedder(DOCUMENTS, Letters(twice="a"))


def test_unit_and_centred():
    some = np.array([[3, 4], [0, 0], [1e-9, 0], [-6, 8]], np.float32)
    np.testing.assert_allclose(vectors.unit(some), [[0.6, 0.8], [0, 0], [0, 0], [-0.6, 0.8]], atol=1e-6)
    middle = vectors.centre(vectors.unit(some))
    np.testing.assert_allclose(middle, [0, 0.8], atol=1e-6)
    np.testing.assert_allclose(
        vectors.centred(vectors.unit(some), middle), [[1, 0], [0, 0], [0, 0], [-1, 0]], atol=1e-6
    )
    assert not vectors.centre(np.zeros((3, 2), np.float32)).any()


def test_the_side_table_keeps_the_numbers(tmp_path):
    values = np.random.default_rng(0).normal(size=(3, 5)).astype(np.float32)
    side = vectors.table(DOCUMENTS["doc_id"], values)
    side.write_parquet(tmp_path / "side.parquet")
    read = pl.concat([pl.read_parquet(tmp_path / "side.parquet"), side[:0]])
    np.testing.assert_array_equal(vectors.matrix(read), values)
    assert read.columns == ["doc_id", "vector"]
