"""The index in a real Redis server, beside the one in a folder; feeders at once, killed feeders, no server."""

import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
import redis

from curation import stage
from curation.dedup.index import Addition, IndexOptions, LocalIndex, feed, sketch
from curation.dedup.index.redis_server import RedisIndex
from curation.errors import InputError

ROOT = Path(__file__).resolve().parents[4]
OPTIONS = IndexOptions()
BATCHES = 5

FEEDER = """
import os, signal, sys
sys.path.insert(0, sys.argv[1])
import polars as pl, redis
from curation.dedup.index import IndexOptions, feed
from curation.dedup.index.redis_server import RedisIndex
frame = pl.read_parquet(sys.argv[2])
if sys.argv[4] != "":
    execute, calls = redis.client.Pipeline.execute, 0
    def counted(self, *arguments, **named):
        global calls
        calls += 1
        if calls == int(sys.argv[4]):
            os.kill(os.getpid(), signal.SIGKILL)
        return execute(self, *arguments, **named)
    redis.client.Pipeline.execute = counted
for (batch,), part in frame.group_by("batch", maintain_order=True):
    feed(RedisIndex(sys.argv[3], "corpus"), part, batch, IndexOptions())
"""


@pytest.fixture(scope="module")
def server(start_redis: Callable[..., str]) -> str:
    """Address of a Redis server that is there for these tests."""
    return f"unix://{start_redis()}"


@pytest.fixture
def url(server: str) -> str:
    redis.Redis.from_url(server).flushall()
    return server


def corpus(seed: int = 7, count: int = 100) -> pl.DataFrame:
    generator = random.Random(seed)
    shared = random.Random(0)
    pool = [" ".join(f"w{shared.randrange(500)}" for _ in range(60)) for _ in range(30)]
    texts: list[str] = []
    for number in range(count):
        parts = generator.choice(pool).split()
        if generator.random() < 0.7:
            parts[generator.randrange(60)] = f"x{seed}-{number}"
        texts.append(" ".join(parts) if number % 9 else f"짧은 글 {number % 4}")
    batches = [f"{seed}/{number * BATCHES // count}" for number in range(count)]
    return pl.DataFrame({"doc_id": [f"{seed}-{i:04d}" for i in range(count)], "text": texts, "batch": batches})


def parts(frame: pl.DataFrame) -> list[tuple[str, pl.DataFrame]]:
    return [(str(batch), part) for (batch,), part in frame.group_by("batch", maintain_order=True)]


def started(frame: pl.DataFrame, path: Path, url: str, killed_at: str = "") -> subprocess.Popen[bytes]:
    frame.write_parquet(path)
    return subprocess.Popen([sys.executable, "-c", FEEDER, str(ROOT), str(path), url, killed_at], env=os.environ)


def test_it_answers_as_the_index_in_a_folder_does(url: str, tmp_path: Path) -> None:
    index, local = RedisIndex(url, "corpus"), LocalIndex(tmp_path)
    drops = [feed(index, part, batch, OPTIONS) for batch, part in parts(corpus())]
    assert all(
        a.equals(feed(local, part, batch, OPTIONS)) for a, (batch, part) in zip(drops, parts(corpus()), strict=True)
    )
    assert {"duplicate.exact", "duplicate.minhash"} == set(pl.concat(drops)["rule"])
    size = redis.Redis.from_url(url).dbsize()
    batch, part = parts(corpus())[1]
    assert feed(index, part, batch, OPTIONS).equals(drops[1])
    assert redis.Redis.from_url(url).dbsize() == size
    with pytest.raises(InputError, match="was fed before with other documents"):
        feed(index, part[:3], batch, OPTIONS)
    with pytest.raises(InputError, match="found the settings"):
        feed(index, part, "new", IndexOptions(minhash=OPTIONS.minhash.__class__(threshold=0.9)))
    assert feed(RedisIndex(url, "other"), part, batch, OPTIONS).height < drops[1].height  # a name is an index


def test_two_feeders_at_once_make_what_one_after_the_other_makes(url: str, tmp_path: Path) -> None:
    processes = [started(corpus(seed), tmp_path / f"{seed}.parquet", url) for seed in (1, 2)]
    assert [process.wait() for process in processes] == [0, 0]
    index, frames = RedisIndex(url, "corpus"), dict(parts(corpus(1)) + parts(corpus(2)))
    answers = {batch: feed(index, part, batch, OPTIONS) for batch, part in frames.items()}
    both = pl.concat([corpus(1), corpus(2)])
    left = both.join(pl.concat(answers.values()), on="doc_id", how="anti")["doc_id"]
    # The order of the transactions: each batch has the positions that were next when it came.
    stored = [json.loads(each) for each in redis.Redis.from_url(url).hvals("corpus:documents")]
    positions = pl.DataFrame(stored, schema=["doc_id", "position"], orient="row")
    first = both.join(positions, on="doc_id").group_by("batch").agg(pl.col("position").min()).sort("position")["batch"]
    assert set(first) == set(frames) and set(positions["doc_id"]) <= set(left)
    alone = LocalIndex(tmp_path / "alone")
    for batch in first:
        assert feed(alone, frames[batch], batch, OPTIONS).equals(answers[batch]), batch


def test_a_change_in_between_refuses_the_commit_and_what_was_written_ahead_does_not_count(url: str) -> None:
    index, (batch, part), (other, more) = RedisIndex(url, "corpus"), *parts(corpus())[:2]
    with index.transaction(OPTIONS.settings) as state:
        nothing = pl.DataFrame(schema=stage.DROPS)
        sketches = sketch(part, OPTIONS).with_columns(position=pl.int_range(pl.len(), dtype=pl.Int64))
        kept = sketches.drop_nulls(OPTIONS.bands).select("doc_id", "position", *OPTIONS.bands, "shingles")
        exact = sketches.select("key_1", "key_2", "doc_id")
        answer = feed(RedisIndex(url, "corpus"), more, other, OPTIONS)
        assert not state.commit(Addition(batch, "", part.height, exact, kept, nothing))
    with index.transaction(OPTIONS.settings) as state:
        assert state.earlier(batch) is None and state.known(exact).height < exact.height
        assert set(state.similar(kept.select(OPTIONS.bands))["doc_id"]) <= set(more["doc_id"]) - set(answer["doc_id"])


@pytest.mark.parametrize("killed_at", ["1", "9"])
def test_a_killed_feeder_leaves_nothing_that_counts(url: str, tmp_path: Path, killed_at: str) -> None:
    process = started(corpus(), tmp_path / "frame.parquet", url, killed_at)
    assert process.wait() == -signal.SIGKILL
    local = LocalIndex(tmp_path / "local")
    for batch, part in parts(corpus()):
        assert feed(RedisIndex(url, "corpus"), part, batch, OPTIONS).equals(feed(local, part, batch, OPTIONS))


def test_no_server_and_no_address(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no Redis server answers"):
        feed(RedisIndex(f"unix://{tmp_path}/none", "corpus"), corpus(), 0, OPTIONS)
    with pytest.raises(InputError, match="is no address of a Redis server"):
        RedisIndex("http://host", "corpus")
