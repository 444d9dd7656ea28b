import gzip
import json
import resource
import signal
from pathlib import Path

import polars as pl
import pytest

GOOD = json.dumps({"text": "the quick brown fox jumps over the lazy dog and runs away from there"})


def bad_files(folder: Path) -> dict[str, tuple[bytes, str]]:
    """Names of files with their bytes, and what must be said about each."""
    parquet = folder / "p"
    pl.DataFrame({"title": ["a"], "body": ["b"]}).write_parquet(parquet)
    return {
        "empty.jsonl": (b"", "empty"),
        "text.jsonl.gz": (GOOD.encode(), "gzip"),
        "packed.jsonl": (gzip.compress(GOOD.encode(), mtime=0), "gzip"),
        "text.parquet": (GOOD.encode(), "Parquet"),
        "cp949.jsonl": (json.dumps({"text": "안녕하세요 여러분"}, ensure_ascii=False).encode("cp949") + b"\n", "UTF-8"),
        "columns.jsonl": (b'{"title": "a", "body": "b"}\n', "--text-column"),
        "columns.parquet": (parquet.read_bytes(), "body"),
        "garbage.jsonl": (b"not json at all\nneither\n", "garbage.jsonl"),
        "damaged.jsonl": ((GOOD + "\n{\n{\n{\n").encode(), "3 damaged"),
    }


@pytest.mark.parametrize("name", ["empty.jsonl", "text.jsonl.gz", "packed.jsonl", "text.parquet", "cp949.jsonl",
                                  "columns.jsonl", "columns.parquet", "garbage.jsonl", "damaged.jsonl"])  # fmt: skip
def test_a_file_that_cannot_be_used_is_one_sentence(name: str, tmp_path: Path, refused):
    content, said = bad_files(tmp_path)[name]
    (tmp_path / name).write_bytes(content)
    message = refused("curate", tmp_path / name, "--out", tmp_path / "run")
    assert name in message and said.lower() in message.lower(), message
    assert not list((tmp_path / "run").rglob("documents/**/*.parquet"))


def test_a_missing_file_or_a_folder_without_data_is_one_sentence(tmp_path: Path, refused):
    assert "missing.jsonl" in refused("curate", tmp_path / "missing.jsonl", "--out", tmp_path / "run")
    (tmp_path / "folder").mkdir()
    assert "folder" in refused("curate", tmp_path / "folder", "--out", tmp_path / "run2")


def test_damage_within_the_limit_is_in_the_ledger_and_strict_stops(tmp_path: Path, refused, command):
    (tmp_path / "c.jsonl").write_text(f"{GOOD}\n{GOOD[:-1]}\n{GOOD.replace('fox', 'cat')}\n")
    options = ["--set", "rules={}", "--out", tmp_path / "run"]
    assert command("curate", tmp_path / "c.jsonl", *options) == 0
    ledger = pl.concat([pl.read_parquet(path) for path in (tmp_path / "run/ledger").rglob("*.parquet")])
    row = ledger.filter(pl.col("row_id").is_null()).row(0, named=True)
    assert (row["file"], row["record"], row["action"]) == ("c.jsonl", 1, "drop")
    assert "--strict" in refused("curate", tmp_path / "c.jsonl", "--strict", "--out", tmp_path / "strict")


def test_unknown_keys_rules_and_values_are_one_sentence(corpus: Path, tmp_path: Path, refused):
    out = ["--out", tmp_path / "run"]
    assert "did you mean 'minhash'" in refused("curate", corpus, *out, "--set", "minhahs.threshold=1")
    assert "gopher" in refused("curate", corpus, *out, "--set", "rules={gofer: {}}")
    assert "low" in refused("curate", corpus, *out, "--set", "rules={length: {lo: 3}}")
    assert "expected exact, minhash" in refused("dedup", corpus, *out, "--method", "magic")


def test_a_full_disk_is_one_sentence_and_the_run_goes_on_later(corpus: Path, tmp_path: Path, refused, command):
    run_folder = tmp_path / "run"
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # writes fail with an error, as on a full disk
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (600, limits[1]))
        message = refused("curate", corpus, "--out", run_folder, "--set", "rules={}")
        assert str(run_folder) in message
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, before)
    assert command("curate", corpus, "--out", run_folder, "--set", "rules={}") == 0


def test_explain_prints_every_rule_in_force_and_reads_nothing(tmp_path: Path, capsys, command):
    assert command("curate", tmp_path / "missing.jsonl", "--out", tmp_path / "run", "--explain") == 0
    out = capsys.readouterr().out
    assert "gopher.mean_word_length" in out and "3" in out
    assert "korean, where at least 0.3 of the characters are Hangul\n" in out
    assert not (tmp_path / "run").exists()
