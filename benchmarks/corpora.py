"""The texts that the benchmarks of rules measure, by kind, from the shared data folder."""

import gzip
import json
import os
from collections.abc import Iterator
from pathlib import Path


def folder(named: str | None = None) -> Path:
    """The folder named, else by KEEPWISE_DATA, else ../shared/data beside the checkout."""
    beside = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
    data = Path(named or os.environ.get("KEEPWISE_DATA") or beside)
    if not data.is_dir():
        raise SystemExit(f"{data}: no such folder; name the shared data with --data")
    return data


def rows(path: Path) -> Iterator[dict]:
    """Records of a JSON Lines file, gzip or plain."""
    with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def english(data: Path) -> dict[str, list[str]]:
    """English texts: C4 pages, CCNet pages, medical answers, paragraphs of books."""
    web = sorted((data / "corpora" / "web-samples").glob("*.jsonl"))
    return {
        "c4": [row["text"] for row in rows(data / "corpora" / "c4-sample.jsonl.gz")],
        "web": [row.get("text") or row["raw_content"] for path in web for row in rows(path)],
        "medquad": [row["answer"] for row in rows(data / "corpora" / "medquad-qa.jsonl.gz") if row["answer"]],
        "books": [text for row in rows(data / "corpora" / "gutenberg-books.jsonl.gz") for text in _paragraphs(row)],
    }


def korean(data: Path) -> dict[str, list[str]]:
    """Korean texts: encyclopedia paragraphs, legal answers, questions, chat, raw film reviews."""
    rights = list(rows(data / "instructions" / "korean-human-rights-qa.jsonl.gz"))
    answers = [name for name in rights[0] if "답변" in name]
    chat = list(rows(data / "instructions" / "korean-chatbot.jsonl.gz"))
    reviews = rows(data / "corpora" / "korean-movie-reviews.jsonl.gz")
    return {
        "prose": [row["Text"] for row in rows(data / "evaluation" / "kobest-boolq.jsonl.gz")],
        "answers": [row[name] for row in rights for name in answers if row[name]],
        "questions": [row["질의"] for row in rights],
        "chat": [f"{row['Q']}\n{row['A']}" for row in chat],
        "reviews": [row["text"] for row in reviews if row["text"]],
    }


def _paragraphs(book: dict) -> list[str]:
    """Forty paragraphs of forty words and more, after the front matter."""
    blocks = [" ".join(block.split()) for block in book["text"].replace("\r", "").split("\n\n")]
    return [block for block in blocks if block.count(" ") >= 39][20:60]
