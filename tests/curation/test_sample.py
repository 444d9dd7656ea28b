import polars as pl

from curation import sample


def _documents(count: int) -> pl.DataFrame:
    return pl.DataFrame({"doc_id": [f"{i:04d}" for i in range(count)], "text": [f"text {i}" for i in range(count)]})


def test_a_sample_is_the_same_for_any_order_and_partitions():
    documents = _documents(200)
    whole = sample.candidates(documents, 30, seed=4)
    mixed = documents.sample(fraction=1, shuffle=True, seed=1)
    parts = pl.concat([sample.candidates(mixed[at : at + 37], 30, seed=4) for at in range(0, 200, 37)])
    assert sample.merged(parts, 30).equals(whole) and whole.height == 30
    assert not whole.equals(sample.candidates(documents, 30, seed=5))
    assert sample.candidates(documents[:3], 30, seed=4).height == 3


def test_hashes_are_uniform():
    hashes = sample.hashes(_documents(4000)["doc_id"], seed=0)
    assert abs((hashes < 1 << 62).mean() - 0.25) < 0.03
    assert hashes.n_unique() == 4000
