"""A step feeds an index in a folder and in a real Redis server: runs one after another, again, killed, mistaken."""

import shutil
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
import redis

from curation.errors import InputError
from pipelines.jobs.curate.index import INDEX, drop_indexed
from pipelines.settings import MinHashSettings
from pipelines.settings.index import IndexSettings

NEAR = MinHashSettings()
VARIABLE, PASSWORD = "KEEPWISE_TEST_REDIS", "s3cret/with@signs"
HEART = "the heart pumps blood through the body and its valves keep the blood from flowing back into the chambers"
CELLS = "white cells defend the body against whatever enters it and remember what they met for many years after"
RIVER = "강은 산에서 시작하여 들판을 지나 바다로 흘러가며 물고기와 새와 사람이 모두 그 물을 나누어 마신다"


@pytest.fixture(scope="module")
def server(start_redis: Callable[..., str]) -> str:
    """Address of a Redis server that wants a password."""
    return f"unix://{start_redis(PASSWORD)}"


@pytest.fixture(params=["folder", "url"])
def place(request, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Settings of an index that nobody has fed."""
    if request.param == "folder":
        return {"folder": str(tmp_path / "index")}
    address = request.getfixturevalue("server")
    redis.Redis(unix_socket_path=address.removeprefix("unix://"), password=PASSWORD).flushall()
    monkeypatch.setenv(VARIABLE, PASSWORD)
    return {"url": address, "password_variable": VARIABLE}


def feed(step, place: dict[str, str], batch: str, near: MinHashSettings = NEAR) -> None:
    job, pending = step
    drop_indexed(job, pending, IndexSettings.model_validate({**place, "batch": batch}), near)


def decided(step) -> list[tuple]:
    found = step[0].shelf.load("work", INDEX)
    return found.select("doc_id", "rule", "duplicate_of", pl.col("similarity").round(2)).rows()


def renamed(step, before: str) -> None:
    """Give the documents of a step ids of their own, as those of another run have."""
    job, pending = step
    for part in pending.parts:
        for kind, file in (("work", f"text-{part}"), ("scores", part)):
            job.shelf.save(job.shelf.load(kind, file).with_columns(doc_id=before + pl.col("doc_id")), kind, file)


def test_a_run_drops_what_an_earlier_one_kept_and_its_own_copies(step, left, ledger, place) -> None:
    first = step([HEART, CELLS, HEART.upper()])
    feed(first, place, "january")
    assert decided(first) == [("02", "duplicate.exact", "00", 1.0)]
    second = step([CELLS, RIVER, f"{HEART} again", f"{RIVER}  "])
    renamed(second, "b")
    feed(second, place, "february")
    assert [row[:3] for row in decided(second)] == [
        ("b00", "duplicate.exact", "01"),
        ("b01", "duplicate.exact", "b03"),  # of its own batch; the longer one stays
        ("b02", "duplicate.minhash", "00"),
    ]
    assert left(second)["doc_id"].to_list() == ["b03"]
    drops = ledger(second).filter(action="drop").sort("row_id")
    assert drops.select("stage", "row_id", "duplicate_of").rows() == [
        (INDEX, "b00", "01"),
        (INDEX, "b01", "b03"),
        (INDEX, "b02", "00"),
    ]


def test_the_same_batch_again_is_answered_the_same_and_adds_nothing(step, place) -> None:
    answers = []
    for _ in range(2):
        made = step([HEART, CELLS, HEART.upper()])
        feed(made, place, "january")
        answers.append(decided(made))
    assert answers[0] == answers[1] == [("02", "duplicate.exact", "00", 1.0)]
    third = step([f"{HEART} again"])
    renamed(third, "c")
    feed(third, place, "february")
    assert [row[:3] for row in decided(third)] == [("c00", "duplicate.minhash", "00")]


def test_a_run_killed_after_the_index_took_its_batch_goes_on_to_the_same_bytes(step, place) -> None:
    job, pending = step([HEART, CELLS, f"{HEART} again"])
    feed((job, pending), place, "january")
    file, manifest = job.run.folder / job.shelf.path("work", INDEX), job.run.manifest
    before = file.read_bytes()
    # Killed there, the last line of the manifest and the file that it speaks of are not written.
    manifest.write_bytes(b"".join(manifest.read_bytes().splitlines(keepends=True)[:-1]))
    del job.run.records["c/index"]
    file.unlink()
    pending.decisions.clear()
    feed((job, pending), place, "january")
    assert file.read_bytes() == before
    assert job.run.done.count("c/index") == 2


def test_a_finished_run_does_not_ask_the_index_again(step, tmp_path: Path) -> None:
    job, pending = step([HEART, CELLS])
    place = {"folder": str(tmp_path / "index")}
    feed((job, pending), place, "january")
    shutil.rmtree(tmp_path / "index")
    pending.decisions.clear()
    feed((job, pending), place, "january")
    assert job.run.done.count("c/index") == 1 and not (tmp_path / "index").exists()


def test_other_documents_under_the_name_of_a_batch_are_refused_with_what_to_do(step, place) -> None:
    feed(step([HEART, CELLS]), place, "january")
    with pytest.raises(InputError, match=r"c: index: batch 'january' was fed before .* under a new index\.batch"):
        feed(step([HEART, RIVER]), place, "january")


def test_an_index_keeps_to_its_settings(step, place) -> None:
    feed(step([HEART, CELLS]), place, "january")
    with pytest.raises(InputError, match=r"c: index: .*found the settings"):
        feed(step([RIVER]), place, "february", MinHashSettings(threshold=0.9))


def test_the_password_is_in_no_file_and_no_error(step, server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    place = {"url": server, "password_variable": VARIABLE}
    monkeypatch.setenv(VARIABLE, PASSWORD)
    made = step([HEART, CELLS])
    feed(made, place, "password")
    files = [file for file in made[0].run.folder.rglob("*") if file.is_file()]
    assert len(files) > 5
    assert not any(PASSWORD.encode() in file.read_bytes() for file in files)
    monkeypatch.setenv(VARIABLE, "another-s3cret")
    with pytest.raises(InputError, match="c: index: unix://") as caught:
        feed(step([HEART]), place, "another")
    assert "another-s3cret" not in str(caught.value)
    monkeypatch.delenv(VARIABLE)
    with pytest.raises(InputError, match="c: index: unix://"):
        feed(step([HEART]), place, "none")


def test_a_folder_of_other_files_is_refused(step, tmp_path: Path) -> None:
    (tmp_path / "index").mkdir()
    (tmp_path / "index" / "letter.txt").write_text("dear")
    with pytest.raises(InputError, match="c: index: .*holds other files"):
        feed(step([HEART]), {"folder": str(tmp_path / "index")}, "january")
