"""The index in a folder: sorted Arrow files that are searched where they lie, and one file that says which count.

`index.json` names the batches and the runs of files in force. It is replaced in one rename, after what it names is on
disk: a process killed at any moment leaves the old state or the new one. Runs are merged as they come to be of equal
size, so that of n batches about log2(n) runs are searched, and every document is written about as often.
"""

import contextlib
import fcntl
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from ... import storage
from ...errors import InputError
from .feeding import Addition

_ROWS = 65_536  # documents of a record batch
_EXACT = pa.schema({"key_1": pa.uint64(), "key_2": pa.uint64(), "doc_id": pa.large_string()})
_BAND = pa.schema({"key": pa.uint64(), "row": pa.uint32()})
_PARTS = ("exact", "bands", "documents")


class LocalIndex:
    """An index in a folder of its own, made when first fed. Processes that feed it at the same time wait in turn."""

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)

    @contextlib.contextmanager
    def transaction(self, settings: str) -> Iterator["_Transaction"]:
        """See `Index.transaction`."""
        path = self.folder / "index.json"
        found = list(self._others()) if self.folder.is_dir() else []
        if not path.exists() and any(file.suffix != ".partial" for file in found):
            raise InputError(f"{self.folder}: holds other files, expected an empty folder or an index")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            lock = (self.folder / ".lock").open("w")
        except OSError as error:
            raise InputError(f"{self.folder}: cannot be written ({error.strerror})") from error
        with lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not path.exists():
                storage.write_text(json.dumps(_empty(settings)), path)  # from now on the folder is an index
            state = _state(path)
            if state["settings"] != settings:
                raise InputError(
                    f"{path}: found the settings {state['settings']}, expected {settings}; feed it with the settings "
                    "it was made with, or begin another index"
                )
            for file in list(self._others()):
                if file.name not in _named(state):
                    file.unlink()  # left by a process that was killed
            yield _Transaction(self.folder, state)

    def _others(self) -> Iterator[Path]:
        return (file for file in self.folder.iterdir() if file.name not in ("index.json", ".lock"))


class _Transaction:
    """The index as it is while its lock is held."""

    def __init__(self, folder: Path, state: dict[str, Any]) -> None:
        self._folder = folder
        self._state = state
        self.position: int = state["position"]

    def earlier(self, batch: str) -> tuple[str, pl.DataFrame] | None:
        """See `Transaction.earlier`."""
        fed = self._state["batches"].get(batch)
        return None if fed is None else (fed["fingerprint"], pl.read_parquet(self._folder / fed["drops"], glob=False))

    def known(self, keys: pl.DataFrame) -> pl.DataFrame:
        """See `Transaction.known`."""
        found = [keys.clear().with_columns(doc_id=pl.lit("", pl.String))]
        for run in self._state["runs"]:
            [held] = _read(self._folder / f"{run['name']}.exact.arrow")
            rows = _matches(held["key_1"].to_numpy(), keys["key_1"].unique().to_numpy())
            found.append(keys.join(_frame(held.take(pa.array(rows))), on=["key_1", "key_2"], maintain_order="left"))
        return pl.concat(found)

    def similar(self, keys: pl.DataFrame) -> pl.DataFrame:
        """See `Transaction.similar`."""
        schema = {"doc_id": pl.String(), "position": pl.Int64(), **keys.schema, "shingles": pl.List(pl.UInt32)}
        kinds = pl.Schema(schema)
        found = [pl.DataFrame(schema=kinds)]
        wanted = [keys[name].unique().sort().to_numpy() for name in keys.columns]
        for run in self._state["runs"]:
            bands = _read(self._folder / f"{run['name']}.bands.arrow")
            hits = [band["row"].to_numpy()[_matches(band["key"].to_numpy(), sought)]
                    for band, sought in zip(bands, wanted, strict=True)]  # fmt: skip
            rows = np.unique(np.concatenate(hits)) if hits else np.empty(0, np.uint32)
            documents = _read(self._folder / f"{run['name']}.documents.arrow")
            for number in np.unique(rows // _ROWS):
                here = rows[rows // _ROWS == number] % _ROWS
                found.append(_frame(documents[int(number)].take(pa.array(here))).select(list(kinds)).cast(kinds))
        return pl.concat(found)

    def commit(self, addition: Addition) -> bool:
        """See `Transaction.commit`."""
        number = self._state["written"] + 1
        drops = f"drops-{number:06d}.parquet"
        storage.write_parquet(addition.drops, self._folder / drops)
        name = f"run-{number:06d}"
        run = {"name": name, "exact": addition.exact.height, "documents": addition.kept.height}
        _write_run(self._folder / name, addition)
        runs = [*self._state["runs"], run]
        while len(runs) > 1 and runs[-2]["exact"] <= 2 * runs[-1]["exact"]:
            number += 1
            runs = [*runs[:-2], _merge(self._folder, runs[-2:], f"run-{number:06d}")]
        fed = {"fingerprint": addition.fingerprint, "documents": addition.documents, "drops": drops}
        state = {**self._state, "runs": runs, "written": number, "position": self.position + addition.documents,
                 "batches": {**self._state["batches"], addition.batch: fed}}  # fmt: skip
        storage.write_text(json.dumps(state, ensure_ascii=False), self._folder / "index.json")
        return True  # the lock is held: no one else can have fed


def _empty(settings: str) -> dict[str, Any]:
    return {"settings": settings, "position": 0, "written": 0, "batches": {}, "runs": []}


def _state(path: Path) -> dict[str, Any]:
    try:
        state: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError(f"{path}: found broken JSON ({error}), expected an index") from error
    if not isinstance(state, dict) or set(state) != set(_empty("")):
        raise InputError(f"{path}: found other JSON, expected an index with the keys {', '.join(_empty(''))}")
    return state


def _named(state: dict[str, Any]) -> set[str]:
    """Names of the files that a state is made of."""
    runs = {f"{run['name']}.{part}.arrow" for run in state["runs"] for part in _PARTS}
    return runs | {str(fed["drops"]) for fed in state["batches"].values()}


def _matches(keys: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Places of ascending keys that are among the wanted ones."""
    first, last = np.searchsorted(keys, wanted, "left"), np.searchsorted(keys, wanted, "right")
    sizes = last - first
    ends = np.cumsum(sizes)
    return np.repeat(first - ends + sizes, sizes) + np.arange(ends[-1] if len(ends) else 0)


def _read(path: Path) -> list[Any]:
    """Record batches of a file, which stay on disk until they are looked at."""
    reader = pa.ipc.open_file(pa.memory_map(str(path)))
    return [reader.get_batch(number) for number in range(reader.num_record_batches)]


def _frame(batch: pa.RecordBatch) -> pl.DataFrame:
    frame = pl.from_arrow(batch)
    assert isinstance(frame, pl.DataFrame)
    return frame


def _write(path: Path, schema: pa.Schema, batches: Iterator[pa.RecordBatch]) -> None:
    with storage.atomic(path) as temporary, pa.ipc.new_file(str(temporary), schema) as writer:
        for batch in batches:
            writer.write_batch(batch)


def _write_run(path: Path, addition: Addition) -> None:
    """The files of a run of one batch."""
    _write(path.with_suffix(".exact.arrow"), _EXACT, iter([_sorted_exact(addition.exact)]))
    names = [name for name in addition.kept.columns if name not in ("doc_id", "position", "shingles")]
    _write(path.with_suffix(".bands.arrow"), _BAND, (
        _sorted_band(addition.kept[name].to_numpy(), np.arange(addition.kept.height)) for name in names
    ))  # fmt: skip
    arrow = addition.kept.to_arrow(compat_level=pl.CompatLevel.oldest())
    _write(path.with_suffix(".documents.arrow"), arrow.schema, iter(arrow.combine_chunks().to_batches(_ROWS)))


def _sorted_exact(exact: pl.DataFrame) -> pa.RecordBatch:
    rows = exact.sort("key_1", "key_2").to_arrow(compat_level=pl.CompatLevel.oldest()).cast(_EXACT).combine_chunks()
    return next(iter(rows.to_batches()), pa.RecordBatch.from_pylist([], _EXACT))


def _sorted_band(keys: np.ndarray, rows: np.ndarray) -> pa.RecordBatch:
    at = np.argsort(keys, kind="stable")
    return pa.RecordBatch.from_arrays([pa.array(keys[at]), pa.array(rows[at].astype(np.uint32))], schema=_BAND)


def _merge(folder: Path, runs: Sequence[dict[str, Any]], name: str) -> dict[str, Any]:
    """Write the run of several runs together: band by band, and documents a record batch at a time."""
    files = {part: [_read(folder / f"{run['name']}.{part}.arrow") for run in runs] for part in _PARTS}
    exact = pl.concat([_frame(batch) for batches in files["exact"] for batch in batches])
    _write(folder / f"{name}.exact.arrow", _EXACT, iter([_sorted_exact(exact)]))
    before = np.cumsum([0, *(run["documents"] for run in runs)])
    bands = (
        _sorted_band(
            np.concatenate([band["key"].to_numpy() for band in same]),
            np.concatenate([band["row"].to_numpy() + start for band, start in zip(same, before[:-1], strict=True)]),
        )
        for same in zip(*files["bands"], strict=True)
    )
    _write(folder / f"{name}.bands.arrow", _BAND, bands)
    documents = [batch for batches in files["documents"] for batch in batches]
    schema = pa.ipc.open_file(pa.memory_map(str(folder / f"{runs[0]['name']}.documents.arrow"))).schema
    _write(folder / f"{name}.documents.arrow", schema, _rebatched(documents))
    return {"name": name, "exact": exact.height, "documents": int(before[-1])}


def _rebatched(batches: Sequence[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The same rows in record batches of `_ROWS`, the last one smaller."""
    waiting: list[pa.RecordBatch] = []
    for batch in batches:
        while batch.num_rows:
            room = _ROWS - sum(part.num_rows for part in waiting)
            waiting.append(batch.slice(0, room))
            batch = batch.slice(room)
            if sum(part.num_rows for part in waiting) == _ROWS:
                yield pa.concat_batches(waiting)
                waiting = []
    if waiting:
        yield pa.concat_batches(waiting)
