"""Selection for a target, learned quality, semantic duplicates and chunks, measured on public data.

    python -m benchmarks.selection --data FOLDER [--only target|quality|semantic|chunks]

Times are processor seconds of one process; run with one thread (OMP_NUM_THREADS=1 POLARS_MAX_THREADS=1
RAYON_NUM_THREADS=1). FOLDER holds the files named in the functions below.
"""

import argparse
import gzip
import json
import time
from collections.abc import Callable
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from curation import chunks, clusters, ngrams, quality, sample, tables, tokens
from curation.chunks import ChunkOptions
from curation.dedup import semantic
from curation.dedup.semantic import SemanticOptions
from curation.embedding import tfidf
from curation.embedding.tfidf import TfidfOptions
from curation.quality.measure import auc, auc_interval
from curation.target import cross_entropy, importance, neighbours
from curation.target.character_model import learn
from curation.target.cross_entropy import CrossEntropyOptions
from curation.target.importance import ImportanceOptions

SEED_MODEL = Path(__file__).resolve().parent.parent / "pipelines" / "demo" / "seed_model"


def rows(path: Path, count: int | None = None) -> list[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in islice(lines, count)]


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    started = time.process_time()
    return work(), time.process_time() - started


def megabytes(texts: pl.Series) -> float:
    return int(texts.str.len_bytes().sum()) / 1e6


def precision_at(recall: float, scores: np.ndarray, truth: np.ndarray) -> float:
    """Precision of the shortest ranking that has the recall."""
    found = np.cumsum(truth[np.argsort(-scores, kind="stable")])
    at = int(np.argmax(found >= np.ceil(recall * truth.sum())))
    return float(found[at] / (at + 1))


def by_importance(target: pl.Series, pool: pl.DataFrame, options: ImportanceOptions) -> pl.DataFrame:
    wanted, there = (ngrams.totals(texts, options.ngrams) for texts in (target, pool["text"]))
    return importance.scores(pool, importance.log_ratios(wanted, there, options), options)


def by_neighbours(target: pl.Series, pool: pl.DataFrame, k: int) -> pl.DataFrame:
    options = TfidfOptions()
    drawn = sample.candidates(pool, options.sample, options.seed)["text"]
    model = tfidf.fit(pl.concat([drawn, target.alias("text")]), options)
    return neighbours.scores(pool["doc_id"], tfidf.embed(pool["text"], model), tfidf.embed(target, model), k)


def by_entropy(target: pl.Series, pool: pl.DataFrame, order: int) -> pl.DataFrame:
    options = CrossEntropyOptions(model=cross_entropy.CharacterOptions(order=order))
    model = learn(target, options.model)
    drawn = sample.candidates(pool, options.sample, options.seed)
    general = cross_entropy.general_models(drawn, model, options)
    return cross_entropy.scores(pool, model, general, options)


def target(data: Path) -> None:
    """Medical answers among pages of the web, in equal parts and one to nine; target texts are others than these."""
    answers = [row["answer"] for row in rows(data / "corpora" / "medquad-qa.jsonl.gz") if row["answer"]]
    web = [row["text"] for row in rows(data / "corpora" / "c4-sample.jsonl.gz")]
    methods: dict[str, Callable[[pl.Series, pl.DataFrame], pl.DataFrame]] = {
        "importance, mean of n-grams (default)": lambda t, p: by_importance(t, p, ImportanceOptions()),
        "importance, sum as published": lambda t, p: by_importance(t, p, ImportanceOptions(per_ngram=False)),
        "nearest neighbours, TF-IDF, k = 1": lambda t, p: by_neighbours(t, p, 1),
        "nearest neighbours, TF-IDF, k = 5 (default)": lambda t, p: by_neighbours(t, p, 5),
        "cross-entropy difference, characters": lambda t, p: by_entropy(t, p, 4),
    }
    for inside_count in (len(web), len(web) // 9):
        found: dict[str, list[tuple[float, float, float]]] = {name: [] for name in methods}
        for seed in range(3):
            drawn = np.random.default_rng(seed).permutation(len(answers))
            wanted = pl.Series([answers[at] for at in drawn[:200]])
            texts = [answers[at] for at in drawn[200 : 200 + inside_count]] + web
            pool = pl.DataFrame({"doc_id": [f"{at:05d}" for at in range(len(texts))], "text": texts})
            truth = np.array([1] * inside_count + [0] * len(web))
            size = megabytes(pool["text"])
            for name, method in methods.items():
                if seed == 0:
                    method(wanted[:3], pool[:20])  # compiled before anything is timed
                scored, seconds = timed(partial(method, wanted, pool))
                values = scored["score"].to_numpy()
                found[name].append(
                    (precision_at(0.9, values, truth), precision_at(0.95, values, truth), seconds / size)
                )
        print(f"\n{inside_count} medical answers among {len(web)} web pages, {size:.1f} MB, 200 target texts; 3 draws")
        print(f"{'method':<46}{'P at R .9':>22}{'P at R .95':>12}{'CPU s/MB':>10}")
        for name, runs in found.items():
            at_9, at_95, cost = (np.array(column) for column in zip(*runs, strict=True))
            spread = f"{at_9.mean():.3f} ({at_9.min():.3f}-{at_9.max():.3f})"
            print(f"{name:<46}{spread:>22}{at_95.mean():>12.3f}{cost.mean():>10.2f}")


def learned_quality(data: Path) -> None:
    """Liking of Korean reviews from their text, and web pages from medical answers: held-out figures with intervals."""
    reviews = [row for row in rows(data / "corpora" / "korean-movie-reviews.jsonl.gz", 20_000) if row["text"]]
    clear = [row for row in reviews if row["rating"] <= 4 or row["rating"] >= 9]
    answers = [row["answer"] for row in rows(data / "corpora" / "medquad-qa.jsonl.gz", 600) if row["answer"]][:300]
    web = [row["text"] for row in rows(data / "corpora" / "c4-sample.jsonl.gz")]
    sets = {
        "Korean reviews, liked or not": [(row["text"], int(row["rating"] >= 9)) for row in clear],
        "medical answers or web pages": [(text, 1) for text in answers] + [(text, 0) for text in web],
    }
    print(f"\n{'labelled rows':<32}{'rows':>8}{'AUC':>24}{'accuracy':>24}{'ECE':>7}{'train s':>9}{'score MB/s':>12}")
    for name, pairs in sets.items():
        labelled = pl.DataFrame(pairs, schema={"text": pl.String, "label": pl.Int64}, orient="row")
        model, seconds = timed(partial(quality.train, labelled))
        _, scoring = timed(partial(quality.score, labelled, model))
        held = model.held_out
        area = f"{held.auc:.3f} ({held.auc_low:.3f}-{held.auc_high:.3f})"
        accuracy = f"{held.accuracy:.3f} ({held.accuracy_low:.3f}-{held.accuracy_high:.3f})"
        print(f"{name:<32}{labelled.height:>8}{area:>24}{accuracy:>24}{held.calibration_error:>7.3f}{seconds:>9.1f}"
              f"{megabytes(labelled['text']) / scoring:>12.1f}")  # fmt: skip


def semantic_duplicates(data: Path) -> None:
    """What cosines of TF-IDF vectors tell of Korean pairs of like meaning, and the cost of dropping duplicates."""
    questions = rows(data / "near-duplicates" / "korean-question-pairs.jsonl.gz")
    sentences = rows(data / "near-duplicates" / "kor-sts.jsonl.gz")
    sets = {  # in the first file 0 means that the two questions mean the same
        "question pairs": [(row["question1"], row["question2"], row["is_duplicate"] == "0") for row in questions],
        "STS pairs rated 4 and above": [(row["a"], row["b"], float(row["score"]) >= 4) for row in sentences],
    }
    print(f"\n{'pairs':<30}{'rows':>7}{'alike':>7}{'d':>5}{'AUC':>22}   precision / recall at .7, .8, .9, .95")
    for name, pairs in sets.items():
        texts = pl.Series([text for one, other, _ in pairs for text in (one, other)], dtype=pl.String)
        alike = np.array([int(same) for *_, same in pairs])
        for dimensions in (128, 256):
            model = tfidf.fit(texts, TfidfOptions(dimensions=dimensions))
            vectors = tfidf.embed(texts, model).astype(np.float64)
            cosines = (vectors[::2] * vectors[1::2]).sum(axis=1)
            at = [
                f"{alike[cosines >= t].mean():.2f}/{(cosines[alike == 1] >= t).mean():.2f}"
                for t in (0.7, 0.8, 0.9, 0.95)
            ]
            area = auc(cosines, alike) or 0.0
            low, high = auc_interval(area, int(alike.sum()), int((1 - alike).sum()))
            said = f"{area:.3f} [{low:.3f}, {high:.3f}]"
            print(f"{name:<30}{len(pairs):>7}{alike.mean():>7.2f}{dimensions:>5}{said:>22}   {'  '.join(at)}")
    reviews = [row["text"] for row in rows(data / "corpora" / "korean-movie-reviews.jsonl.gz", 20_000) if row["text"]]
    documents = pl.DataFrame({"doc_id": [f"{at:06d}" for at in range(len(reviews))], "text": reviews}).unique("text")
    options, embedding = SemanticOptions(), TfidfOptions()
    drawn = sample.candidates(documents, embedding.sample, embedding.seed)["text"]
    model, fitting = timed(lambda: tfidf.fit(drawn, embedding))
    vectors, embedded = timed(lambda: tfidf.embed(documents["text"], model))
    wanted = semantic.cluster_count(documents.height, options)
    centres, clustering = timed(lambda: clusters.cluster(tfidf.embed(drawn, model), wanted).centres)
    side, assigning = timed(lambda: semantic.sketch(documents, vectors, centres, options))
    drops, deciding = timed(lambda: semantic.decide(side, options))
    whole = semantic.decide(side.with_columns(cluster_id=pl.lit(0, pl.Int64)), options)
    print(
        f"{documents.height:,} different Korean reviews, {wanted} clusters: {drops.height} dropped, {whole.height} "
        f"with one cluster (all pairs), least similarity {drops['similarity'].min():.4f}\nCPU s: fit {fitting:.1f}, "
        f"embed {embedded:.1f}, cluster {clustering:.1f}, assign {assigning:.1f}, decide {deciding:.1f}"
    )


def chunking(data: Path) -> None:
    """Chunks of books, web pages and Korean reviews: how full they are, and the cost beside that of counting tokens."""
    texts = [row["text"] for row in rows(data / "corpora" / "gutenberg-books.jsonl.gz", 2)]
    texts += [row["text"] for row in rows(data / "corpora" / "c4-sample.jsonl.gz", 100)]
    texts.append(" ".join(row["text"] for row in rows(data / "corpora" / "korean-movie-reviews.jsonl.gz", 5000)))
    frame = {name: [""] * len(texts) for name in ("content_id", "source", "file", "lang")}
    documents = pl.DataFrame(
        {"doc_id": [f"{at:032d}" for at in range(len(texts))], "text": texts, "record": list(range(len(texts))),
         "meta": ["{}"] * len(texts), "parents": [[]] * len(texts), **frame}, schema_overrides=dict(tables.DOCUMENTS),
    ).select(tables.DOCUMENTS.names())  # fmt: skip
    heads = f"{'limit':>6}{'overlap':>8}{'chunks':>8}{'filled':>8}{'longest':>8}{'MB/s':>7}{'counting MB/s':>15}"
    print(f"\n{'tokenizer':<22}{heads}")
    for name, path in (("GPT-NeoX, 50 277", data / "models" / "gpt-neox-tokenizer"), ("seed model", SEED_MODEL)):
        tokenizer = tokens.load(path)
        _, counting = timed(partial(tokens.counts, documents, tokenizer))
        for options in (ChunkOptions(512), ChunkOptions(512, overlap=64)):
            cut, seconds = timed(partial(chunks.cut, documents, tokenizer, options))
            made = cut.rows.filter(pl.col("parents").list.len() > 0)
            lengths = tokenizer.counts(made["text"].to_list())
            size = megabytes(documents["text"])
            filled = lengths.mean() / options.tokens
            print(f"{name:<22}{options.tokens:>6}{options.overlap:>8}{made.height:>8}{filled:>8.2f}{lengths.max():>8}"
                  f"{size / seconds:>7.2f}{size / counting:>15.2f}")  # fmt: skip


PARTS = {"target": target, "quality": learned_quality, "semantic": semantic_duplicates, "chunks": chunking}


def main() -> None:
    parser = argparse.ArgumentParser(description="selection, learned quality, semantic duplicates and chunks")
    parser.add_argument("--data", type=Path, required=True, help="folder of the public files")
    parser.add_argument("--only", choices=sorted(PARTS))
    arguments = parser.parse_args()
    for name, part in PARTS.items():
        if arguments.only in (None, name):
            part(arguments.data)


if __name__ == "__main__":
    main()
