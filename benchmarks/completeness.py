"""Precision and recall of the grades of `completeness.cut`, on real texts and the same texts cut.

    python -m benchmarks.completeness [--data FOLDER] [--texts 2000]

Of each text of ten words and more there is a whole copy and one cut at a character drawn between its half and its end.
A cut that happens to fall at the end of a sentence cannot be seen; whole texts that their source had cut, or that end
in a list, count against precision all the same.
"""

import argparse
import random

import polars as pl

from benchmarks import corpora
from curation.metrics.intervals import wilson
from curation.rules import rule
from curation.rules.completeness import CERTAIN, OPEN_LINE, WITHIN_LINE, completeness

GRADES = {"certain (1)": CERTAIN, "within a line (0.75)": WITHIN_LINE, "open line (0.5)": OPEN_LINE}


def grades(texts: list[str]) -> pl.Series:
    """Grade of each text; a text too short to be judged has none."""
    frame = pl.DataFrame({"doc_id": [str(i) for i in range(len(texts))], "text": texts})
    return rule.score(frame, completeness())["completeness.cut"].fill_null(0.0)


def share(count: int, of: int) -> str:
    """A share with its interval (Wilson, 95 %)."""
    low, high = wilson(count, of)
    return f"{count / of:.2f} [{low:.2f}, {high:.2f}]" if of else "-"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data")
    parser.add_argument("--texts", type=int, default=2000)
    options = parser.parse_args()
    data = corpora.folder(options.data)
    draw = random.Random(0)
    print(f"{'texts':<10} {'':>6}  " + "  ".join(f"{name:>48}" for name in GRADES))
    for name, texts in (corpora.english(data) | corpora.korean(data)).items():
        long = [text for text in texts if len(text.split()) >= 10]
        whole = draw.sample(long, min(options.texts, len(long)))
        cut = [text[: draw.randrange(len(text) // 2, len(text))] for text in whole]
        of_whole, of_cut = grades(whole), grades(cut)
        cells = []
        for grade in GRADES.values():
            wrong, right = int((of_whole >= grade).sum()), int((of_cut >= grade).sum())
            cells.append(f"precision {share(right, right + wrong)} recall {share(right, len(cut))}")
        print(f"{name:<10} {len(whole):>6}  " + "  ".join(f"{cell:>48}" for cell in cells))


if __name__ == "__main__":
    main()
