import gzip
import json
import random
import shutil
from pathlib import Path

import polars as pl
import pytest

from pipelines import cli

ENGLISH = [
    "the",
    "night",
    "nurse",
    "wrote",
    "that",
    "every",
    "patient",
    "with",
    "a",
    "fever",
    "should",
    "drink",
    "water",
    "and",
    "rest",
    "because",
    "of",
    "the",
    "heat",
    "while",
    "a",
    "doctor",
    "from",
    "the",
    "clinic",
    "came",
    "to",
    "look",
    "at",
    "them",
    "and",
    "to",
    "say",
    "what",
    "they",
    "have",
    "to",
    "take",
]
NEAR = {"minhash-side", "minhash-plan", "minhash-rows", "minhash-shard", "minhash"}  # tasks of near dedup
KOREAN = [
    "환자는",
    "어젯밤부터",
    "열이",
    "나서",
    "물을",
    "많이",
    "마시고",
    "쉬어야",
    "합니다",
    "의사가",
    "와서",
    "약을",
    "주었고",
    "오늘은",
    "조금",
    "나아졌다고",
    "말했습니다",
]


def corpus(folder: Path) -> list[Path]:
    """A corpus with what curation is there for: repeats, near repeats, short texts, addresses, damage."""
    rng = random.Random(5)
    english = [" ".join(rng.choices(ENGLISH, k=120)) + "." for _ in range(120)]
    korean = [" ".join(rng.choices(KOREAN, k=40)) + "다." for _ in range(120)]
    near = [text.replace("water", "tea", 1) for text in english[:20]]
    spaced = [text.replace(" ", "  ", 3) for text in korean[:20]]
    texts = [*english, *english[:10], *near, "too short", "", *(f"{text} Write to a.b{i}@example.org." for i, text in
             enumerate(english[20:40])), "010-1234-5678 " + english[50]]  # fmt: skip
    folder.mkdir()
    lines = [json.dumps({"text": text, "n": n}) for n, text in enumerate(texts)]
    lines[7] = lines[7][:-4]  # one damaged record
    (folder / "english.jsonl").write_text("\n".join(lines) + "\n")
    with gzip.open(folder / "korean.jsonl.gz", "wt", encoding="utf-8") as stream:
        stream.writelines(json.dumps({"text": text}, ensure_ascii=False) + "\n" for text in [*korean, *spaced])
    pl.DataFrame({"text": english[:5], "id": range(5)}).write_parquet(folder / "some.parquet")
    (folder / "note.md").write_text("# Note\n\n" + english[3])
    return sorted(folder.iterdir())


@pytest.fixture
def curate(capsys):
    """The command, carried out in this process, which has read the libraries; what it says."""

    def run(*arguments: str | Path) -> str:
        words = ["curate", *map(str, arguments), "--set", "workers=1"]
        code = cli.guarded(lambda: cli.app(words, standalone_mode=False))
        said = capsys.readouterr()
        assert not code, said.err
        return said.out

    return run


@pytest.fixture(scope="module")
def whole(tmp_path_factory, keepwise):
    """A corpus and its unbroken run, by a command as a user gives it, in two processes of its own."""
    root = tmp_path_factory.mktemp("curate")
    corpus(root / "in")
    ended = keepwise("curate", root / "in", "--out", root / "run", "--set", "workers=2")
    assert ended.code == 0, ended.err
    return root


def test_every_record_is_kept_or_in_the_ledger_once(whole: Path, table):
    records = 173 + 140 + 5 + 1
    documents, ledger, dropped = (table(whole / "run", name) for name in ("documents", "ledger", "dropped"))
    drops = ledger.filter(pl.col("action") == "drop")
    assert documents.height + drops.height == records
    assert drops["row_id"].null_count() == 1  # the damaged record
    assert not set(documents["doc_id"]) & set(drops["row_id"].drop_nulls())
    assert set(dropped["doc_id"]) == set(drops["row_id"].drop_nulls())
    assert drops.filter(pl.col("row_id").is_null()).row(0, named=True)["record"] == 7


def test_repeats_name_what_they_repeat_and_personal_data_is_gone(whole: Path, table):
    documents, ledger = table(whole / "run", "documents"), table(whole / "run", "ledger")
    repeats = ledger.filter(pl.col("duplicate_of").is_not_null())
    assert repeats.filter(pl.col("rule") == "duplicate.exact").height >= 10 + 5
    assert repeats.filter(pl.col("rule") == "duplicate.minhash").height >= 20
    assert set(repeats.filter(pl.col("rule") == "duplicate.minhash")["duplicate_of"]) <= set(documents["doc_id"])
    text = "\n".join(documents["text"])
    assert "@example.org" not in text and "010-1234-5678" not in text
    assert "<EMAIL>" in text and "<PHONE>" in text
    assert "@example.org" not in "\n".join(ledger["detail"].drop_nulls())


def test_the_same_command_again_does_nothing_and_says_so(whole: Path, curate, contents):
    before = contents(whole / "run")
    assert "Nothing to do" in curate(whole / "in", "--out", whole / "run")
    assert contents(whole / "run") == before


@pytest.mark.parametrize(
    ("setting", "reruns"),
    [
        ("minhash.threshold=0.8", {"minhash-plan", "minhash-shard", "minhash", "finish"}),
        ('minhash.keep=["doc_id"]', {*NEAR, "finish"}),
        (
            'exact.keep=["-length"]',
            {"exact-side", "exact-copies"},
        ),  # decides the same, so nothing after it is done again
        ("rules.length.high=10000", {"decide"}),
        ("personal_data=[email]", {"clean", "exact-side", "exact-copies", "exact", *NEAR, "finish"}),
        ("partition_mb=32", {"read"}),
    ],
)
def test_a_changed_setting_reruns_what_depends_on_it_and_nothing_else(whole, tmp_path, curate, setting, reruns):
    shutil.copytree(whole / "run", tmp_path / "run")
    manifest = tmp_path / "run/manifest.jsonl"
    before = manifest.read_bytes()
    curate(whole / "in", "--out", tmp_path / "run", "--set", setting)
    added = [json.loads(line)["task"] for line in manifest.read_bytes()[len(before) :].splitlines()]
    assert {task.split("/")[1] for task in added} == reruns


def test_a_moved_threshold_reads_no_text_to_decide_and_gives_the_bytes_of_a_full_run(whole, tmp_path, curate, contents):
    moved = ["--set", "rules.length.low=250"]
    shutil.copytree(whole / "run", tmp_path / "run")
    manifest = tmp_path / "run/manifest.jsonl"
    before = manifest.read_bytes()
    texts = list((tmp_path / "run/work/curate").glob("text-*.parquet"))
    curate(whole / "in", "--out", tmp_path / "run", *moved)
    added = [json.loads(line)["task"].split("/")[1] for line in manifest.read_bytes()[len(before) :].splitlines()]
    assert "decide" in added and not {"read", "score"} & set(added)
    assert texts and len(list((tmp_path / "run/work/curate").glob("text-*.parquet"))) == len(texts)
    curate(whole / "in", "--out", tmp_path / "full", *moved)
    assert contents(tmp_path / "run") == contents(tmp_path / "full") != contents(whole / "run")


def test_every_score_is_in_the_table_the_language_s_too(whole: Path, table):
    scores = table(whole / "run", "scores")
    assert scores["language.score"].is_between(0, 1).all() and scores["language.score"].n_unique() > 1
    assert set(table(whole / "run", "documents")["lang"]) == {"en", "ko"}
