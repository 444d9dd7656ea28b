"""Quantiles of each Korean score over prose, questions, answers, chat and reviews, and what each threshold drops.

    python -m benchmarks.korean_thresholds [--data FOLDER] [--rows 60000]

Texts are normalised first, as `curate` does. Of reviews the first rows are taken; `--rows 0` takes all.
"""

import argparse

import polars as pl

from benchmarks import corpora
from curation import normalise, tables
from curation.rules import rule
from curation.rules.korean import korean

QUANTILES = (0.0, 0.001, 0.01, 0.5, 0.99, 0.999, 1.0)


def scored(texts: list[str], rules: tuple[rule.Rule, ...]) -> pl.DataFrame:
    rows = pl.DataFrame({"doc_id": [str(number) for number in range(len(texts))], "text": texts})
    documents = tables.complete(rows, tables.DOCUMENTS)
    return rule.score(normalise.normalise(documents, normalise.Normalisation()).rows, rules)


def dropped(scores: pl.DataFrame, each: rule.Rule) -> int:
    """Rows that one rule alone would drop."""
    return scores.height - rule.decide(scores, [each])["first_failing_rule"].null_count()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data")
    parser.add_argument("--rows", type=int, default=60_000)
    options = parser.parse_args()
    rules = korean()
    kinds = corpora.korean(corpora.folder(options.data))
    scores = {name: scored(texts[: options.rows or None], rules) for name, texts in kinds.items()}
    for each in rules:
        print(f"\n{each.name}  {each.low} to {each.high}: {each.definition}")
        print(f"  {'':<10}{'judged':>8}" + "".join(f"{f'{q:.1%}':>9}" for q in QUANTILES) + f"{'dropped':>10}")
        for name, table in scores.items():
            values = table[each.name].drop_nulls()
            if values.is_empty():
                continue
            quantiles = "".join(f"{values.quantile(q, 'nearest'):>9.3f}" for q in QUANTILES)
            share = dropped(table, each) / table.height
            print(f"  {name:<10}{len(values):>8}{quantiles}{share:>10.2%}")
    print("\nall rules together")
    for name, table in scores.items():
        decided = rule.decide(table, rules)["first_failing_rule"]
        first = decided.drop_nulls().value_counts(sort=True).head(4).iter_rows()
        by_rule = ", ".join(f"{failing} {count / table.height:.2%}" for failing, count in first)
        print(f"  {name:<10}{1 - decided.null_count() / table.height:>8.2%}  {by_rule}")


if __name__ == "__main__":
    main()
