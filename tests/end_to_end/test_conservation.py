"""Nothing is lost: every record of every kind of file is, after every shipped recipe, where a run's own files say."""

import csv
import gzip
import io
import json
import random
import shutil
from collections import Counter
from pathlib import Path

import polars as pl
import pytest
import zstandard

from pipelines import cli, presets

ROWS = 16  # of a file


def texts(rng: random.Random, english: list[str], korean: list[str], made: list[str]) -> list[str]:
    """Texts of a file: long and short ones of both languages, some equal or nearly equal to texts of other files."""
    found = []
    for n in range(ROWS):
        words = korean if n % 3 == 0 else english
        # What rules of running text want: sentences that differ, of at least fifty words together.
        sentences = [" ".join(rng.choices(words, k=rng.randint(7, 14))).capitalize() + "." for _ in range(8)]
        found.append(" ".join(sentences))
    found[5:8] = rng.sample(made, 3) if made else ["", " ", "short"]
    found[8] = found[9].replace("water", "tea", 1).replace("물을", "차를", 1)
    found[10] += " Write to jane.roe@example.org or 010-1234-5678."
    found[11] = "cid � �� 媛 " + "Ã© Ã¨ ì•ˆë…•" * 20
    found[12] = "lorem ipsum dolor sit amet " * 30
    made += found
    return found


def delimited(rows: list[dict[str, str]], delimiter: str) -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def page(text: str) -> bytes:
    body = "".join(f"<p>{sentence}.</p>" for sentence in text.split(". "))
    return f"<html><head><title>t</title></head><body><article>{body}</article></body></html>".encode()


def warc(found: list[str], gz: bool) -> bytes:
    from warcio.statusandheaders import StatusAndHeaders
    from warcio.warcwriter import WARCWriter

    out = io.BytesIO()
    writer = WARCWriter(out, gzip=gz)
    for n, text in enumerate(found):
        headers = StatusAndHeaders("200 OK", [("Content-Type", "text/html; charset=utf-8")], protocol="HTTP/1.0")
        writer.write_record(
            writer.create_warc_record(
                f"https://example.org/{n}", "response", payload=io.BytesIO(page(text)), http_headers=headers
            )
        )
    return out.getvalue()


def every_format(folder: Path, english: list[str], korean: list[str]) -> dict[str, int]:
    """Write a file of each format and compression below a folder; the records of each, by the name it is read under."""
    import datasets

    rng = random.Random(3)
    made: list[str] = []
    counts: dict[str, int] = {}
    packed = {"": bytes, ".gz": gzip.compress, ".zst": zstandard.compress}

    def rows() -> list[dict[str, str]]:
        some = texts(rng, english, korean, made)
        return [{"text": text, "prompt": f"Question {n % 7}?", "n": str(n)} for n, text in enumerate(some)]

    def put(name: str, content: bytes, records: int) -> None:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
        counts[name] = records

    for suffix, pack in packed.items():
        lines = [json.dumps(row, ensure_ascii=False).encode() for row in rows()]
        lines[3] = lines[3][:-2]  # one record damaged
        lines[12] = b'{"n": "no text"}'
        put(f"a.jsonl{suffix}", pack(b"\n".join(lines) + b"\n"), ROWS)
        put(f"b.csv{suffix}", pack(delimited(rows(), ",") + b"only one field\n"), ROWS + 1)
        put(f"c.tsv{suffix}", pack(delimited(rows(), "\t")), ROWS)
        for n, text in enumerate(texts(rng, english, korean, made)[10:12]):
            put(f"plain/{n}.txt{suffix}", pack(text.encode()), 1)
            put(f"plain/{n}.md{suffix}", pack(f"# Title {n}\n\n{text}\n\n## Part\n\n{text}".encode()), 1)
            put(f"pages/{n}.html{suffix}", pack(page(text)), 1)
    put("d.warc", warc(texts(rng, english, korean, made), gz=False), ROWS)
    put("d.warc.gz", warc(texts(rng, english, korean, made), gz=True), ROWS)
    pl.DataFrame(rows()).write_parquet(folder / "e.parquet", row_group_size=6)
    counts["e.parquet"] = ROWS
    datasets.Dataset.from_list(rows()).save_to_disk(str(folder / "saved"))
    (arrow,) = (folder / "saved").glob("*.arrow")
    counts[str(arrow.relative_to(folder))] = ROWS
    return counts


@pytest.fixture(scope="module")
def raw(tmp_path_factory, words):
    folder = tmp_path_factory.mktemp("formats") / "in"
    return folder, every_format(folder, *words)


def conserved(run: Path, table) -> None:
    """Assert the law of conservation from the files of a run of one step alone."""
    documents, dropped, ledger = (table(run, name) for name in ("documents", "dropped", "ledger"))
    drops = ledger.filter(pl.col("action") == "drop")
    consumed = ledger.filter(pl.col("action") == "split")
    known = drops["row_id"].drop_nulls()
    assert known.n_unique() == known.len(), "an id was dropped twice"
    assert consumed["row_id"].n_unique() == consumed.height, "an id was consumed twice"
    assert set(dropped["doc_id"]) == set(known) and dropped.height == known.len()
    ends = [set(documents["doc_id"]), set(known), set(consumed["row_id"])]
    everything = set.union(*ends)
    assert len(everything) == sum(map(len, ends)), "an id ended in two ways"
    assert documents["doc_id"].n_unique() == documents.height
    assert drops.filter(pl.col("row_id").is_null())["stage"].is_in(["read"]).all()
    _parents(pl.concat([documents, dropped]), set(consumed["row_id"]))
    _duplicates(run, ledger, drops, everything)
    scored = table(run, "scores")["doc_id"]
    assert scored.n_unique() == scored.len()
    assert set(documents.filter(pl.col("parents").list.len() == 0)["doc_id"]) <= set(scored)
    # Records in + documents made of others = documents + drops + consumed.
    facts = [json.loads(line).get("facts", {}) for line in (run / "manifest.jsonl").read_text().splitlines()]
    total = Counter()
    for fact in facts:
        total.update({name: fact.get(name, 0) for name in ("records", "made", "consumed", "damaged")})
    assert total["records"] + total["made"] == documents.height + drops.height + consumed.height
    assert total["consumed"] == consumed.height
    assert total["damaged"] <= drops["row_id"].null_count()


def _parents(rows: pl.DataFrame, consumed: set[str]) -> None:
    named = rows.explode("parents")["parents"].drop_nulls()
    assert set(named) <= consumed, "a document names a parent that was not cut"
    grown = rows.filter(pl.col("parents").list.len() == 0)
    assert grown.select(pl.struct("file", "record").n_unique()).item() == grown.height, "a record was read twice"


def _duplicates(run: Path, ledger: pl.DataFrame, drops: pl.DataFrame, everything: set[str]) -> None:
    """What a row repeats is kept by its stage, and if it is gone at the end, a later stage's own drop row says why."""
    order = list(json.loads((run / "report.json").read_text())["steps"][0]["facts"]["stages"])
    stage_of = dict(drops.select("row_id", "stage").drop_nulls().iter_rows())
    named = ledger.filter(pl.col("duplicate_of").is_not_null()).select("row_id", "stage", "duplicate_of")
    for row, stage, other in named.iter_rows():
        assert other in everything and (other != row or stage in ("lines", "substring"))
        if other in stage_of and other != row:
            assert order.index(stage_of[other]) > order.index(stage), f"{row} repeats {other}, which was gone already"


def by_file(run: Path, table) -> dict[str, int]:
    """Number of records of each file that a run accounts for."""
    ended = table(run, "ledger").filter(pl.col("action").is_in(["drop", "split"])).select("file", "record")
    rows = pl.concat([ended, table(run, "documents").select("file", "record")])
    return dict(rows.group_by("file").agg(pl.col("record").n_unique()).iter_rows())


# Every stage at once is what `make test` has time for, and the recipe that drops most.
@pytest.mark.parametrize(
    "recipe",
    [*(pytest.param(name, marks=() if name == "korean-web" else pytest.mark.long) for name in presets.names()),
     "mixed with structure, lines and chunks"],
)  # fmt: skip
def test_every_record_of_every_format_is_accounted_for(recipe, raw, tmp_path, table, capsys):
    folder, counts = raw
    run = tmp_path / "run"
    more = []
    if " " in recipe:
        recipe = "mixed"
        tokenizer = Path(__file__).parents[2] / "pipelines/demo/seed_model/tokenizer.json"
        more = ["structure={sections: {}}", "lines={}", "substring={length: 30}", "semantic={}", "max_damaged=0.5",
                f"tokenizer={tokenizer}", "chunks={tokens: 64, overlap: 8}"]  # fmt: skip
    settings = [part for one in ["workers=1", "max_damaged=0.5", *more] for part in ("--set", one)]
    code = cli.guarded(lambda: cli.app(["curate", str(folder), "--recipe", recipe, "--out", str(run), *settings]))
    assert code == 0, capsys.readouterr().err
    conserved(run, table)
    assert by_file(run, table) == counts
    rules = set(table(run, "ledger")["rule"])  # those that the texts were written for were at work
    assert rules >= {"reader.damaged", "mojibake.share", "pii.email", "pii.phone"}
    assert recipe == "instructions" or "duplicate.exact" in rules
    assert recipe != "english-web" or "duplicate.minhash" in rules


def test_a_run_of_every_stage_conserves_rows(messy, every_stage, unbroken_run, table):
    conserved(unbroken_run, table)
    assert by_file(unbroken_run, table) == {path.name: 62 for path in messy.iterdir()}


def test_a_lost_row_would_be_seen(unbroken_run, tmp_path, table):
    """The proof above fails where a document, a drop or the reason of one is taken away."""
    for top in ("documents", "dropped", "ledger"):
        run = shutil.copytree(unbroken_run, tmp_path / top)
        for path in (run / top).rglob("*.parquet"):
            rows = pl.read_parquet(path)
            rows = rows if top != "ledger" else rows.filter(pl.col("action") == "drop")
            if rows.height > 1:
                rows[1:].write_parquet(path)
        with pytest.raises(AssertionError):
            conserved(run, table)
