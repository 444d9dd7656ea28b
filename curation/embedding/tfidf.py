"""Embedding without a model over partitions: fitted on a seeded sample, applied to each partition by itself.

    sample = sample.merged(concat(sample.candidates(partition, options.sample, options.seed) for each), options.sample)
    model = fit(sample["text"], options)
    vectors = embed(partition["text"], model)

TF-IDF of hashed words and characters within words, reduced by singular vectors (latent semantic analysis: Deerwester
et al. 1990). The sample is that of the smallest hashes of the ids, whatever the partitions.
"""

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save as write_tensors
from threadpoolctl import threadpool_limits

from .. import ngrams, storage, tables
from ..errors import InputError
from ..ngrams import NgramOptions
from ..vector_kernels import sparse_products
from .vectors import centre, centred, unit

_NGRAMS = NgramOptions(words=1, shortest=2, longest=4, marks=False, buckets=1 << 16)


@dataclass(frozen=True)
class TfidfOptions:
    """How texts are embedded without a model.

    Attributes:
        dimensions: of the vectors.
        sample: texts that rarity and directions are learned from.
        seed: of the sample and of the randomised SVD (Halko et al. 2011).
        ngrams: what is counted of a text.
    """

    dimensions: int = 128
    sample: int = 5000
    seed: int = 0
    ngrams: NgramOptions = _NGRAMS

    def __post_init__(self) -> None:
        if self.dimensions < 1 or self.sample < 1:
            raise InputError(f"embedding: {self.dimensions} dimensions of {self.sample} texts, expected at least 1")


@dataclass(frozen=True)
class TfidfModel:
    """What a sample taught.

    Attributes:
        rarity: float32 (buckets,), inverse document frequency.
        directions: float32 (buckets, dimensions), right singular vectors; columns of zeros where the sample has fewer.
        middle: float32 (dimensions,), mean vector of the sample, subtracted from every vector: what all texts share,
            mostly function words, would otherwise make everything alike (Mu and Viswanath 2018, arXiv 1702.01417).
        ngrams: what is counted of a text.
    """

    rarity: np.ndarray
    directions: np.ndarray
    middle: np.ndarray
    ngrams: NgramOptions


def fit(texts: pl.Series, options: TfidfOptions) -> TfidfModel:
    """Rarity and directions from the texts of a sample, in memory: 8 bytes for each different n-gram of each text.

    Bit-identical for the same texts in the same order, whatever the number of cores.
    """
    from sklearn.utils.extmath import randomized_svd  # loaded where it is used: it takes two seconds

    counts = ngrams.counts(texts, options.ngrams)
    rarity = ngrams.rarity(counts)
    directions = np.zeros((options.ngrams.buckets, options.dimensions), np.float32)
    rank = min(options.dimensions, int((np.diff(counts.indptr) > 0).sum()), len(np.unique(counts.indices)))
    if rank:
        with threadpool_limits(1):  # sums in the same order whatever the number of cores
            _, values, found = randomized_svd(
                ngrams.weighted(counts, rarity), rank, n_iter=3, random_state=options.seed
            )
        real = values > 1e-6 * values[0]
        directions[:, : int(real.sum())] = found[real].T
    model = TfidfModel(rarity, directions, np.zeros(options.dimensions, np.float32), options.ngrams)
    return replace(model, middle=centre(_reduced(texts, model)))


def embed(texts: pl.Series, model: TfidfModel) -> np.ndarray:
    """Vectors of texts, float32 (n, dimensions), of length one, or zero where the sample knew nothing of a text.

    A row depends on its text alone, bit for bit.
    """
    return centred(_reduced(texts, model), model.middle)


def _reduced(texts: pl.Series, model: TfidfModel) -> np.ndarray:
    """Vectors of length one before the middle is subtracted."""
    columns = np.ascontiguousarray(model.directions)
    found = [np.empty((0, columns.shape[1]), np.float32)]
    for part in ngrams.batches(texts, model.ngrams):
        rows = ngrams.weighted(part, model.rarity)
        vectors = np.empty((part.shape[0], columns.shape[1]), np.float32)
        sparse_products(rows.indptr, rows.indices, rows.data, columns, vectors)
        found.append(unit(vectors))
    return np.concatenate(found)


def save(model: TfidfModel, path: Path) -> None:
    """Write a model to one safetensors file, its n-grams in the header; equal models give equal bytes."""
    tensors = {"rarity": model.rarity, "directions": model.directions, "middle": model.middle}
    with storage.atomic(path) as temporary:
        temporary.write_bytes(write_tensors(tensors, {"ngrams": tables.canonical_json(asdict(model.ngrams))}))


def load(path: Path) -> TfidfModel:
    """Read a model that `save` wrote.

    Raises:
        InputError: when the file is missing or not such a model.
    """
    try:
        with safe_open(path, "np") as file:
            found = {name: file.get_tensor(name) for name in ("rarity", "directions", "middle")}
            options = NgramOptions(**json.loads((file.metadata() or {})["ngrams"]))
    except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
        raise InputError(f"{path}: not readable ({error}), expected a TF-IDF model") from error
    return TfidfModel(found["rarity"], found["directions"], found["middle"], options)
