"""How well vectors of each embedder tell what texts have in common, on public pairs, and what they cost.

    python -m benchmarks.embedders [--data FOLDER] [--model NAME=KIND:FOLDER ...] [--limit N] [--only PART ...]

Models are those at hand (two tiny language models, static English vectors) and those named. STS: Spearman correlation
of cosines with people's ratings of Korean sentence pairs. Pairs: area under the curve for Korean questions that mean
the same. Both have 95 % intervals. Articles: share of the English articles with a planted plagiarised pair whose
nearest neighbour is the other one. Each with the mean vector taken away (as `curate` does) and without. Seconds are
processor seconds, one thread.
"""

import argparse
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

import numpy as np
import polars as pl
from scipy.stats import spearmanr

from benchmarks.corpora import folder, rows
from curation.embedding import tfidf
from curation.embedding.tfidf import TfidfOptions
from curation.embedding.vectors import centre, centred, of_embedder
from curation.quality.measure import auc, auc_interval
from synth.engines.embedders import open_embedder
from synth.engines.embedding import EmbedderOptions

SEED_MODEL = Path(__file__).resolve().parent.parent / "pipelines" / "demo" / "seed_model"
Embed = Callable[[list[str]], np.ndarray]


def by_tfidf(dimensions: int) -> Embed:
    def embed(texts: list[str]) -> np.ndarray:
        model = tfidf.fit(pl.Series(texts), TfidfOptions(dimensions=dimensions))
        return tfidf.embed(pl.Series(texts), model)

    return embed


def by_model(stack: ExitStack, kind: str, model: str, options: EmbedderOptions) -> Embed:
    opening: AbstractContextManager = open_embedder(kind, model, options)
    engine = stack.enter_context(opening)

    def embed(texts: list[str]) -> np.ndarray:
        frame = pl.DataFrame({"doc_id": [str(at) for at in range(len(texts))], "text": texts})
        return of_embedder(frame, engine)

    return embed


def embedders(stack: ExitStack, data: Path, named: list[str]) -> dict[str, Embed]:
    found: dict[str, Embed] = {f"TF-IDF, {wide}": by_tfidf(wide) for wide in (128, 512)}
    models = [
        ("potion-base-4m (static, English)", "static", data / "models" / "potion-base-4m-int8", EmbedderOptions()),
        ("stories260k, mean", "transformers", data / "models" / "stories260k", EmbedderOptions()),
        ("stories260k, token embeddings", "transformers", data / "models" / "stories260k", EmbedderOptions(layer=0)),
        ("seed model, mean", "transformers", SEED_MODEL, EmbedderOptions()),
        ("seed model, last", "transformers", SEED_MODEL, EmbedderOptions(pooling="last")),
        ("seed model, token embeddings", "transformers", SEED_MODEL, EmbedderOptions(layer=0)),
    ]
    for text in named:
        name, _, rest = text.partition("=")
        kind, _, where = rest.partition(":")
        models.append((name, kind, Path(where), EmbedderOptions()))
    for name, kind, path, options in models:
        found[name] = by_model(stack, kind, str(path), options)
    return found


def of_pairs(vectors: np.ndarray) -> np.ndarray:
    wide = vectors.astype(np.float64)
    return (wide[::2] * wide[1::2]).sum(axis=1)


def some(found: list[dict], limit: int | None) -> list[dict]:
    """So many rows at like distances: files are sorted by where their pairs are from."""
    count = min(limit or len(found), len(found))
    return [found[at * len(found) // count] for at in range(count)]


Said = tuple[float, str]  # a measure, and its interval where it has one


def bounds(low: float, high: float) -> str:
    return f"[{low:.3f}, {high:.3f}]"


def correlation(cosines: np.ndarray, gold: list[float]) -> Said:
    """Spearman's, with its interval (Bonett and Wright 2000, Psychometrika 65:23)."""
    found = float(spearmanr(cosines, gold).statistic)
    spread = 1.96 * ((1 + found**2 / 2) / (len(gold) - 3)) ** 0.5
    return found, bounds(np.tanh(np.arctanh(found) - spread), np.tanh(np.arctanh(found) + spread))


def area(cosines: np.ndarray, alike: np.ndarray) -> Said:
    found = float(auc(cosines, alike) or 0)
    return found, bounds(*auc_interval(found, int(alike.sum()), int((1 - alike).sum())))


def sts(data: Path, limit: int | None) -> tuple[list[str], Callable[[np.ndarray], Said]]:
    found = some(list(rows(data / "near-duplicates" / "kor-sts.jsonl.gz")), limit)
    gold = [float(row["score"]) for row in found]
    texts = [text for row in found for text in (row["a"], row["b"])]
    return texts, lambda vectors: correlation(of_pairs(vectors), gold)


def pairs(data: Path, limit: int | None) -> tuple[list[str], Callable[[np.ndarray], Said]]:
    found = some(list(rows(data / "near-duplicates" / "korean-question-pairs.jsonl.gz")), limit)
    alike = np.array([int(row["is_duplicate"] == "0") for row in found])  # 0 means that the two mean the same
    texts = [text for row in found for text in (row["question1"], row["question2"])]
    return texts, lambda vectors: area(of_pairs(vectors), alike)


def articles(data: Path, limit: int | None) -> tuple[list[str], Callable[[np.ndarray], Said]]:
    name = "articles-1000" if limit is None else "articles-100"
    found = list(rows(data / "near-duplicates" / f"{name}.jsonl.gz"))
    places = {row["id"]: at for at, row in enumerate(found)}
    truth = [line.split() for line in (data / "near-duplicates" / f"{name}.truth").read_text().splitlines()]
    other = {places[a]: places[b] for one in truth for a, b in (one, one[::-1])}

    def nearest(vectors: np.ndarray) -> Said:
        alike = vectors @ vectors.T
        np.fill_diagonal(alike, -2)
        return float(np.mean([alike[at].argmax() == there for at, there in other.items()])), f"of {len(other)}"

    return [row["text"] for row in found], nearest


PARTS = {"sts": sts, "pairs": pairs, "articles": articles}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data")
    parser.add_argument("--model", action="append", default=[], help="NAME=KIND:FOLDER, another embedder to measure")
    parser.add_argument(
        "--limit", type=int, help="pairs at most, spread over each file, and the smaller set of articles"
    )
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS))
    arguments = parser.parse_args()
    data = folder(arguments.data)
    with ExitStack() as stack:
        known = embedders(stack, data, arguments.model)
        for part in arguments.only:
            texts, measure = PARTS[part](data, arguments.limit)
            print(f"\n{part}: {len(texts)} texts, {sum(map(len, texts)) / 1e6:.2f} M characters")
            print(f"{'embedder':<36}{'centred':>24}{'as it is':>24}{'CPU s':>8}", flush=True)
            for name, embed in known.items():
                started = time.process_time()
                vectors = embed(texts)
                seconds = time.process_time() - started
                both = measure(centred(vectors, centre(vectors))), measure(vectors)
                cells = "".join(f"{f'{found:.3f} {around}':>24}" for found, around in both)
                print(f"{name:<36}{cells}{seconds:>8.1f}", flush=True)


if __name__ == "__main__":
    main()
