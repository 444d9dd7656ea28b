"""The cache's file: what is put in comes out, whole chunks or nothing, and no damage passes for an answer."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.errors import InputError
from curation.model import Response, Score
from synth.engines.store import Store

ANSWER = Response("", 0, "하늘을\n\n나는 \x00 새", (0, 7, 2**32 - 1), "stop", 12)
SCORE = Score("", (-0.1, -1e-300, -709.7827128933841), (3, 1, 2))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "answers.sqlite"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    store = Store(tmp_path_factory.mktemp("store") / "cache.sqlite")
    store._connection.execute("PRAGMA synchronous=OFF")  # nobody pulls the plug, and the tests are many
    yield store
    store.close()


def filled(path: Path, answers: int = 200) -> dict[str, Response]:
    """A file of several pages, closed."""
    made = {f"{place:032x}": Response("", 0, f"answer {place} " * 9, (place,) * 20, "length", 5)
            for place in range(answers)}  # fmt: skip
    store = Store(path)
    store.add_answers(made, {})
    store.close()
    return made


def test_what_is_committed_is_on_the_disk(path: Path) -> None:
    store = Store(path)
    assert store._connection.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL: nobody knows when the plug goes
    assert store._connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    store.close()


def test_what_was_put_in_comes_out_of_the_file(path: Path) -> None:
    store = Store(path)
    store.add_answers({"a": ANSWER}, {})
    store.add_scores({"s": SCORE, "empty": Score("", (), ())}, {})
    store.close()
    again = Store(path)
    assert again.answers(["a", "b"]) == {"a": ANSWER}
    assert again.scores(["s", "empty", "a"]) == {"s": SCORE, "empty": Score("", (), ())}
    again.close()


@given(text=st.text(), values=st.lists(st.floats(allow_nan=False)))
def test_every_text_and_number_comes_back_bit_for_bit(store: Store, text: str, values: list[float]) -> None:
    answer = Response("", 0, text, tuple(range(len(values))), "length", len(values))
    score = Score("", tuple(values), tuple(range(len(values))))
    key = repr((text, values))
    store.add_answers({key: answer}, {})
    store.add_scores({key: score}, {})
    assert (store.answers([key]), store.scores([key])) == ({key: answer}, {key: score})


def test_more_keys_than_a_query_takes(path: Path) -> None:
    made = filled(path, 1201)
    store = Store(path)
    assert store.answers([*made, "missing"]) == made
    assert store.answers([]) == {}
    store.close()


def test_an_answer_that_is_there_is_never_replaced(path: Path) -> None:
    store = Store(path)
    store.add_answers({"a": ANSWER}, {})
    store.add_answers({"a": Response("", 0, "another", (1,), "length", 12), "b": ANSWER}, {})
    assert store.answers(["a", "b"]) == {"a": ANSWER, "b": ANSWER}
    store.close()


def test_a_request_has_the_key_that_it_was_given_last(path: Path) -> None:
    store = Store(path)
    store.add_answers({"a": ANSWER}, {"r1": "a", "r2": "a"})
    store.add_scores({"s": SCORE}, {"r3": "s"})
    store.add_keys({"r1": "b"})
    store.close()
    again = Store(path)
    assert again.keys(["r1", "r2", "r3", "r4"]) == {"r1": "b", "r2": "a", "r3": "s"}
    again.close()


def test_a_chunk_is_committed_whole_or_not_at_all(path: Path) -> None:
    store = Store(path)
    broken = Response("", 0, None, (1,), "length", 12)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="NOT NULL"):
        store.add_answers({"a": ANSWER, "b": broken}, {"r": "a"})
    assert store.answers(["a", "b"]) == store.keys(["r"]) == {}
    store.add_answers({"a": ANSWER}, {})
    assert store.answers(["a"]) == {"a": ANSWER}
    store.close()


def test_a_file_that_is_no_database_is_refused_and_kept(path: Path) -> None:
    path.parent.mkdir()
    path.write_text("prompt,answer\n" * 100)
    with pytest.raises(InputError, match=f"^{path}: the engine cache cannot be read .*not a database.*delete it"):
        Store(path)
    assert path.read_text() == "prompt,answer\n" * 100


def test_a_file_of_another_program_is_refused_and_kept(path: Path) -> None:
    path.parent.mkdir()
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE answers (key TEXT)")
    before = path.read_bytes()
    with pytest.raises(InputError, match=f"^{path}: found another program's or version's SQLite file"):
        Store(path)
    assert path.read_bytes() == before


def test_an_empty_file_is_an_empty_cache(path: Path) -> None:
    """What a kill at the very first moment leaves."""
    path.parent.mkdir()
    path.touch()
    store = Store(path)
    store.add_answers({"a": ANSWER}, {})
    assert store.answers(["a"]) == {"a": ANSWER}
    store.close()


@pytest.mark.parametrize("eighths", range(1, 8))
def test_a_truncated_file_never_gives_a_wrong_answer(path: Path, eighths: int) -> None:
    made = filled(path)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) * eighths // 8])
    with pytest.raises(InputError, match=f"^{path}: the engine cache cannot be read .*delete it"):
        Store(path).answers(list(made))


def test_a_truncated_log_loses_its_last_chunk_only(path: Path) -> None:
    """Of two commits that still lie in the write-ahead log, as after a kill, the second is cut short."""
    store = Store(path)
    store.add_answers({"a": ANSWER}, {})
    log = path.with_name(path.name + "-wal")
    one = log.stat().st_size
    store.add_answers({"b": ANSWER}, {})
    left = log.read_bytes()[: (one + log.stat().st_size) // 2]
    assert len(left) > one
    main = path.read_bytes()
    store.close()
    path.write_bytes(main)
    log.write_bytes(left)
    again = Store(path)
    assert again.answers(["a", "b"]) == {"a": ANSWER}
    again.add_answers({"b": ANSWER}, {})
    assert again.answers(["a", "b"]) == {"a": ANSWER, "b": ANSWER}
    again.close()


def test_a_damaged_page_is_no_answer(path: Path) -> None:
    made = filled(path)
    content = bytearray(path.read_bytes())
    for page in range(4096, len(content), 4096):
        content[page : page + 64] = b"\xff" * 64
    path.write_bytes(content)
    with pytest.raises(InputError, match=f"^{path}: the engine cache cannot be read"):
        Store(path).answers(list(made))


def test_where_no_file_can_be_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=f"^{tmp_path}: .*unable to open"):
        Store(tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=f"^{tmp_path}/file/cache.sqlite: no folder .*File exists"):
        Store(tmp_path / "file" / "cache.sqlite")


def test_a_file_that_another_writes_is_not_waited_for_endlessly(path: Path) -> None:
    store, other = Store(path), sqlite3.connect(path)
    store._connection.execute("PRAGMA busy_timeout=1")
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(InputError, match=f"^{path}: another process uses this engine cache"):
        store.add_answers({"a": ANSWER}, {})
    other.rollback()
    store.add_answers({"a": ANSWER}, {})
    assert store.answers(["a"]) == {"a": ANSWER}
    store.close()
    other.close()


def test_a_full_disk_is_said_and_what_was_there_stays(path: Path) -> None:
    store = Store(path)
    store.add_answers({"a": ANSWER}, {})
    pages = store._connection.execute("PRAGMA page_count").fetchone()[0]
    store._connection.execute(f"PRAGMA max_page_count={pages}")
    big = Response("", 0, "a long answer " * 10_000, (1,), "length", 5)
    with pytest.raises(InputError, match=f"^{path}: no space left on the device for the engine cache$"):
        store.add_answers({"b": ANSWER, "c": big}, {})
    assert store.answers(["a", "b", "c"]) == {"a": ANSWER}
    store.close()
