"""Hostile input through the whole command: it ends well, or with exit code 2 and one sentence; never a traceback."""

import csv
import gzip
import io
import json
import os
import unicodedata
from pathlib import Path

import polars as pl
import pytest
import zstandard

from pipelines import cli, presets

LARGE = os.environ.get("KEEPWISE_LARGE") == "1"  # `make fuzz` sets it: sizes that take minutes and gigabytes
MEGABYTE = 1 << 20
BOMB = 1200 * MEGABYTE  # beyond eight times the 128 MB that a record may have
PROSE = (
    "The night nurse wrote that every patient with a fever should drink water and rest. "
    "A doctor came from the clinic to look at them, and said what they have to take before noon. "
    "By the evening most of them were able to sit, and some asked for the soup that the cook had made. "
    "Nobody could say where the fever had come from, but it was gone within the week, and the ward was quiet again."
)
KOREAN = (
    "환자는 어젯밤부터 열이 나서 물을 많이 마시고 쉬어야 합니다. 의사가 아침에 와서 약을 주었고 오늘은 조금 나아졌다고 "
    "말했습니다. 그리고 저녁에는 가족이 찾아와 함께 죽을 먹었습니다."
)
TEXTS = {
    "prose": PROSE,
    "korean": KOREAN,
    "korean nfd": unicodedata.normalize("NFD", KOREAN),
    "empty": "",
    "spaces": " \t\n\u3000\u00a0 ",
    "invisible": "\u200b\u200d\ufeff\u2060" * 40,
    "no spaces": "water" * 20_000,
    "korean without spaces": KOREAN.replace(" ", "") * 200,
    "one character": "a" * 100_000,
    "emoji": "\U0001f600\U0001f468\u200d\U0001f469\u200d\U0001f467\U0001f1f0\U0001f1f7" * 500,
    "combining": "a" + "\u0301" * 5000,
    "lone surrogates": "\ud800 the fever \udfff and the water \ud83d " * 20,
    "nul": "the fever\x00and the water\x00\x00 " * 20,
    "controls": "".join(map(chr, range(32))) * 20 + "\x7f\x80\x9f\u2028\u2029",
    "right to left": "\u202eevil\u202c הלילה כתבה האחות שכל חולה צריך לשתות מים ולנוח. المريض يشرب الماء ويستريح. " * 5,
    "mojibake": KOREAN.encode().decode("latin-1"),
    "mojibake of cp949": KOREAN.encode("cp949").decode("latin-1"),
    "not characters": "\ufffe\uffff\U0010ffff\ufdd0" * 40,
    "line feeds": "\n" * 50_000,
    "quotes": "\"'`\\" * 5000,
    "markup": "<" * 20_000 + "&#0;&#xD800;&bomb;" * 500,
    "open brackets": "[{(" * 20_000,
    "headings": "# a\n" * 5000,
    "fences": "```\n~~~\n" * 5000,
    "backtracking": "a" * 20_000 + "!" + "a@" * 20_000 + "1-" * 20_000,
    "digits": "9" * 50_000,
    "dots": "." * 50_000 + " . " * 5000,
    "unlike any path": "../../../etc/passwd\x00.parquet",
}


@pytest.fixture
def command(capsys):
    """The command in this process: exit code, and what it said on standard error; other exceptions are failures."""

    def run(*arguments: str | Path) -> tuple[int, str]:
        code = cli.guarded(lambda: cli.app([str(part) for part in arguments]))
        return code, capsys.readouterr().err

    return run


def refused(result: tuple[int, str], *words: str) -> None:
    """Assert exit code 2 and one sentence in which the words stand."""
    code, said = result
    sentences = [line for line in said.splitlines() if line.startswith("Error: ")]
    assert code == 2 and len(sentences) == 1 and "Traceback" not in said, said
    assert said.splitlines()[-1] == sentences[0]
    assert not [word for word in words if word not in sentences[0]], said


def lines(rows: list[dict]) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def settings(*pairs: str) -> list[str]:
    return [part for pair in ("workers=1", *pairs) for part in ("--set", pair)]


@pytest.fixture(scope="module")
def hostile(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("hostile") / "hostile.jsonl"
    rows = [{"text": text, "prompt": f"{name}\x00\ud800", name: text[:50]} for name, text in TEXTS.items()]
    path.write_bytes(lines(rows))
    return path


@pytest.mark.parametrize("recipe", [*presets.names(), "every stage"])
def test_hostile_texts_pass_every_recipe(recipe, hostile, every_stage, tmp_path, command, table):
    run = tmp_path / "run"
    recipe = every_stage if recipe == "every stage" else recipe
    code, said = command("curate", hostile, "--recipe", recipe, "--out", run, *settings("max_damaged=1.0"))
    assert code == 0, said
    documents, ledger = table(run, "documents"), table(run, "ledger")
    ended = pl.concat([documents.select("record"), ledger.filter(pl.col("action") != "edit").select("record")])
    assert set(ended["record"]) == set(range(len(TEXTS)))
    assert not documents["text"].str.contains("\x00", literal=True).any()
    for text in documents["text"]:
        text.encode()  # whatever a document holds can be written
        assert unicodedata.is_normalized("NFC", text)


def test_korean_in_either_normal_form_is_one_text(hostile, tmp_path, command, table):
    run = tmp_path / "run"
    code, said = command("dedup", hostile, "--method", "exact", "--out", run, *settings("max_damaged=1.0"))
    assert code == 0, said
    names = list(TEXTS)
    (drop,) = (
        table(run, "ledger")
        .filter(
            (pl.col("action") == "drop") & pl.col("record").is_in([names.index("korean"), names.index("korean nfd")])
        )
        .to_dicts()
    )
    kept = table(run, "documents").filter(doc_id=drop["duplicate_of"])
    assert drop["rule"] == "duplicate.exact" and kept["text"].to_list() == [KOREAN]


def one_line(path: Path, size: int, form: str) -> Path:
    unit = {"words": PROSE + " ", "no spaces": "water", "korean": KOREAN}[form]
    text = unit * (size // len(unit.encode()))
    path.write_bytes(lines([{"text": PROSE}, {"text": text}, {"text": KOREAN}]))
    return path


@pytest.mark.parametrize("form", ["words", "no spaces", "korean"])
@pytest.mark.parametrize(
    "size",
    [20, pytest.param(100, marks=pytest.mark.skipif(not LARGE, reason="large: make fuzz"), id="large")],
)
def test_a_line_of_megabytes(form, size, tmp_path, command, table):
    path = one_line(tmp_path / "long.jsonl", size * MEGABYTE, form)
    run = tmp_path / "run"
    code, said = command("curate", path, "--recipe", "mixed", "--out", run, *settings("lines={}", "substring={}"))
    assert code == 0, said
    documents, ledger = table(run, "documents"), table(run, "ledger")
    drops = ledger.filter(pl.col("action") == "drop")
    assert sorted([*documents["record"], *drops["record"]]) == [0, 1, 2]
    assert {0, 2} <= set(documents["record"])


@pytest.mark.parametrize(
    ("name", "pack"),
    [
        (
            "a.jsonl.gz",
            lambda: (
                gzip.compress(b'{"text": "', mtime=0) + gzip.compress(b"a" * (8 * MEGABYTE), mtime=0) * (BOMB >> 23)
            ),
        ),
        ("a.jsonl.zst", lambda: zstandard.compress(b'{"text": "') + zstandard.compress(b"a" * BOMB)),
        ("a.txt.zst", lambda: zstandard.compress(b"a" * BOMB)),
        ("a.csv.zst", lambda: zstandard.compress(b'text\n"') + zstandard.compress(b"a" * BOMB)),
    ],
    ids=["jsonl.gz", "jsonl.zst", "txt.zst", "csv.zst"],
)
def test_a_compression_bomb_is_refused_and_says_the_limit(name, pack, tmp_path, command):
    (tmp_path / name).write_bytes(pack())
    result = command("curate", tmp_path / name, "--out", tmp_path / "run", *settings())
    refused(result, name, "bytes", "at most 134217728")
    assert not list((tmp_path / "run").rglob("*.partial"))


def test_pages_that_would_cost_much_are_passed_over_and_the_rest_is_read(tmp_path, command, table):
    pages = {
        "deep": "<div>" * 200_000 + PROSE,
        "wide": "<p>a" * 400_000,
        "attributes": "<p " + "a=1 " * 400_000 + ">" + PROSE,
        "tables": "<table><tr><td>" * 20_000,
        "links": "<a href=x>a</a>" * 100_000,
        "open": "<!--" * 200_000 + PROSE,
        "entities": "<!DOCTYPE a [<!ENTITY b 'bbbbbbbb'><!ENTITY c '&b;&b;&b;&b;&b;&b;&b;&b;'>]>" + "&c;" * 100_000,
        "outside": "<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/hostname'>]><p>&b;</p>",
        "large": "<p>" + PROSE * 20_000,
    }
    folder = tmp_path / "in"
    folder.mkdir()
    for name, page in pages.items():
        (folder / f"{name}.html").write_text(f"<html><body>{page}</body></html>")
    sentences = "".join(f"<p>{sentence}.</p>" for sentence in PROSE.split(". "))
    (folder / "good.html").write_text(f"<html><body><article>{sentences}</article></body></html>")
    run = tmp_path / "run"
    code, said = command("curate", folder, "--recipe", "english-web", "--out", run, *settings("max_damaged=1.0"))
    assert code == 0, said
    documents, ledger = table(run, "documents"), table(run, "ledger")
    drops = ledger.filter(pl.col("action") == "drop")
    assert sorted([*documents["file"], *drops["file"]]) == sorted(path.name for path in folder.iterdir())
    assert "good.html" in set(documents["file"])
    assert drops.filter(file="large.html")["rule"].to_list() == ["reader.page_limit"]
    host = Path("/etc/hostname").read_text().strip() if Path("/etc/hostname").is_file() else "localhost"
    assert not documents["text"].str.contains(host, literal=True).any()


@pytest.mark.parametrize(
    "rows",
    [100_000, pytest.param(10_000_000, marks=pytest.mark.skipif(not LARGE, reason="large: make fuzz"), id="large")],
)
def test_many_rows_of_the_same_text(rows, tmp_path, command, table):
    path = tmp_path / "same.jsonl"
    with path.open("wb") as out:
        line = lines([{"text": PROSE}, {"text": KOREAN}])
        for _ in range(rows // 2000):
            out.write(line * 1000)
    run = tmp_path / "run"
    code, said = command("curate", path, "--recipe", "mixed", "--out", run, *settings("keep_dropped=false"))
    assert code == 0, said
    documents = table(run, "documents")
    drops = pl.scan_parquet(run / "ledger/**/*.parquet").filter(pl.col("action") == "drop")
    assert documents.height == 2
    assert drops.select(pl.len(), pl.col("row_id").n_unique().alias("ids")).collect().row(0) == (rows - 2, rows - 2)
    assert set(drops.select("duplicate_of").unique().collect()["duplicate_of"]) == set(documents["doc_id"])


def test_formulas_in_a_table_stay_text(tmp_path, command, table):
    formulas = [
        '=cmd|\' /C calc\'!A0', "=HYPERLINK(\"http://example.org?x=\"&A1,\"see\")", "+1+cmd|' /C calc'!A0", "-2+3",
        "@SUM(1+1)", "\t=1+1", "\r=1+1", "=1\n=2", "1e9", "007", "true", "null", "2024-01-02",
    ]  # fmt: skip
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerows([["text", "note"], *[[f"{formula} {PROSE}", formula] for formula in formulas]])
    (tmp_path / "a.csv").write_bytes(out.getvalue().encode())
    run = tmp_path / "run"
    given = settings("rules={}", "personal_data=[]", "exact=null", "minhash=null", "export={format: jsonl}")
    code, said = command("curate", tmp_path / "a.csv", "--out", run, *given)
    assert code == 0, said
    documents = table(run, "documents")
    assert [json.loads(meta)["note"] for meta in documents["meta"]] == formulas
    exported = [json.loads(line) for path in (run / "export").rglob("*.jsonl") for line in path.open(encoding="utf-8")]
    assert [row["text"] for row in exported] == documents["text"].to_list()
    assert all(
        row["text"].strip().startswith(formula.strip()[:4]) for row, formula in zip(exported, formulas, strict=True)
    )


def test_names_of_files_may_be_anything(tmp_path, command, table):
    folder = tmp_path / "in"
    names = [
        "line\nfeed.jsonl", "tab\t.jsonl", "공백 있는 이름.jsonl", "\U0001f600.jsonl", "[bold red]x[].jsonl",
        "*?.jsonl", "-out.jsonl", "\u202egnp.jsonl", "a" * 200 + ".jsonl", "'; rm -rf x; '.jsonl", "%s{}.jsonl",
        "=1+1.jsonl",
        "<script>alert(1)<\u2215script>.jsonl", unicodedata.normalize("NFD", "한글.jsonl"),
    ]  # fmt: skip
    folder.mkdir()
    for number, name in enumerate(names):
        (folder / name).write_bytes(lines([{"text": f"{number} {PROSE}"}, {"text": f"{KOREAN} {number}"}]) + b"{\n")
    run = tmp_path / "run"
    given = settings("exact=null", "minhash=null", "max_damaged=1.0")
    code, said = command("curate", folder, "--recipe", "mixed", "--out", run, *given)
    assert code == 0, said
    assert sorted(table(run, "documents")["file"]) == sorted(names * 2)
    assert sorted(table(run, "ledger").filter(rule="reader.damaged")["file"]) == sorted(names)
    assert "<script>alert" not in (run / "report.html").read_text()


def test_a_name_that_is_no_text_is_refused_or_read(tmp_path, command):
    folder = tmp_path / "in"
    folder.mkdir()
    try:
        (folder / os.fsdecode(b"\xff\xfe.jsonl")).write_bytes(lines([{"text": PROSE}]))
    except OSError:
        pytest.skip("this file system takes only names that are text")
    code, said = command("curate", folder, "--out", tmp_path / "run", *settings())
    if code != 0:
        refused((code, said), "jsonl")


def test_settings_that_are_no_yaml_are_one_sentence(hostile, tmp_path, command):
    for setting in ("rules={a", "rules=!!python/object/apply:os.system [true]", "rules=\x1b"):
        refused(command("curate", hostile, "--out", tmp_path / "run", "--set", setting), "--set")


def test_addresses_in_an_archive_are_text_and_nothing_else(tmp_path, command, table):
    from warcio.statusandheaders import StatusAndHeaders
    from warcio.warcwriter import WARCWriter

    addresses = [
        "http://example.org/good", "javascript:alert(1)", "data:text/html,<script>", "file:///etc/passwd",
        "../../../../etc/passwd", "http://[::1", "http://a" + "a" * 200_000, "http://example.org/\u202e\U0001f600",
        "", " ", "http://user:secret@example.org:99999999/", "//", "http://exa mple.org/<script>alert(1)</script>",
        "http://example.org/bomb",
    ]  # fmt: skip
    out = io.BytesIO()
    writer = WARCWriter(out, gzip=True)
    for number, address in enumerate(addresses):
        body = "".join(f"<p>{number} {sentence}.</p>" for sentence in PROSE.split(". "))
        page = f"<html><body><article>{body}</article></body></html>".encode()
        headers = [("Content-Type", "text/html; charset=utf-8")]
        if address.endswith("/bomb"):
            headers.append(("Content-Encoding", "gzip"))
            page = gzip.compress(b"<p>a" * (50 * MEGABYTE), mtime=0)
        writer.write_record(
            writer.create_warc_record(
                address,
                "response",
                payload=io.BytesIO(page),
                http_headers=StatusAndHeaders("200 OK", headers, protocol="HTTP/1.0"),
            )
        )
    (tmp_path / "a.warc.gz").write_bytes(out.getvalue())
    before = sorted(path for path in tmp_path.rglob("*"))
    run = tmp_path / "run"
    given = settings("exact=null", "minhash=null", "max_damaged=1.0")
    code, said = command("curate", tmp_path / "a.warc.gz", "--recipe", "english-web", "--out", run, *given)
    assert code == 0, said
    documents, ledger = table(run, "documents"), table(run, "ledger")
    drops = ledger.filter(pl.col("action") == "drop")
    assert sorted([*documents["record"], *drops["record"]]) == list(range(len(addresses)))
    # Of other addresses than these, warcio takes the content for something else than an answer of HTTP.
    web = {n for n, address in enumerate(addresses) if address.startswith("http") and len(address) < 1000}
    assert set(documents["record"]) == web - {len(addresses) - 1}
    assert drops.filter(rule="reader.page_limit").height == 1
    assert sorted(path for path in tmp_path.rglob("*") if run not in path.parents and path != run) == before
    assert "<script>alert(1)" not in (run / "report.html").read_text()


REFUSED: dict[str, bytes] = {
    "empty.jsonl": b"",
    "spaces.jsonl": b" \n\n",
    "no-json.jsonl": b"hello\nworld\nagain\n",
    "no-text.jsonl": lines([{"body": PROSE}] * 3),
    "numbers.jsonl": lines([{"text": 1}] * 3),
    "nested.jsonl": b'{"text": ' + b"[" * 100_000 + b"\n",
    "zeros.jsonl": bytes(100_000),
    "utf-16.jsonl": lines([{"text": PROSE}]).decode().encode("utf-16"),
    "not.jsonl.gz": lines([{"text": PROSE}]),
    "short.jsonl.gz": gzip.compress(lines([{"text": PROSE * 100}] * 100), mtime=0)[:-40],
    "broken.jsonl.zst": zstandard.compress(lines([{"text": PROSE}] * 100))[:-9],
    "no.parquet": b"PAR1" + bytes(100) + b"PAR1",
    "no.arrow": b"ARROW1" + bytes(100),
    "no.warc": b"WARC/1.0\r\nContent-Length: 99999999999\r\n\r\n",
    "random.warc.gz": gzip.compress(bytes(range(256)) * 40, mtime=0),
    "empty.csv": b"",
    "header.csv": b"text\n",
    "quote.csv": b'text\n"' + b"a,b\n" * 100,
    "cp949.txt": KOREAN.encode("cp949"),
    "picture.txt": b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20,
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_read_is_one_sentence(name, tmp_path, command):
    (tmp_path / name).write_bytes(REFUSED[name])
    refused(command("curate", tmp_path / name, "--out", tmp_path / "run", *settings()))


def test_hostile_settings_are_one_sentence(hostile, tmp_path, command):
    for setting in ("minhash.threshold=.nan", "partition_mb=-1", "text_column=" + "a" * 100_000, "rules={a: &a [*a]}"):
        refused(command("curate", hostile, "--out", tmp_path / "run", "--set", setting))


def test_a_process_of_its_own_says_the_same(tmp_path, keepwise):
    (tmp_path / "a.jsonl").write_bytes(b"\x00" * 5000)
    ended = keepwise("curate", tmp_path / "a.jsonl", "--out", tmp_path / "run")
    assert ended.code == 2 and "Traceback" not in ended.err
    assert [line.startswith("Error: ") for line in ended.err.splitlines()] == [True]
