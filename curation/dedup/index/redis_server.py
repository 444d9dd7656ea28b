"""The index in a Redis server, for feeders on several machines; band keys lie in datasketch's storage layer.

What a batch adds is written in two steps. First, sketches and band keys under numbers that no one else has; nobody sees
them, since a number counts only once it is among the documents. Then, in one transaction of Redis, the documents, exact
keys, answer and a new version, if the version is still the one that was read; otherwise the batch is decided again. So
feeders may work at once, none ever waits for a lock, and the index is what feeding the batches one after the other, in
the order of their transactions, would have made. A feeder that is killed leaves the old state or the new one, and, of
the first step, entries that nobody sees.
"""

import contextlib
import io
import json
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import polars as pl
import redis
from datasketch.storage import unordered_storage
from redis.connection import parse_url

from ...errors import InputError
from .. import buffers
from .feeding import Addition

_ROWS = 2_000  # documents whose sketches are sent or asked for in one go


class RedisIndex:
    """An index in a Redis server: `redis://host:6379/0`, `rediss://...` or `unix:///path`, under a name of its own."""

    def __init__(self, url: str, name: str) -> None:
        self.url = url
        self.name = name
        try:
            self._parameters = _parameters(url)
        except ValueError as error:
            raise InputError(f"{url}: is no address of a Redis server ({error})") from error
        self.redis: Any = redis.Redis(**self._parameters)  # Any: its hints do not say what comes as bytes

    @contextlib.contextmanager
    def transaction(self, settings: str) -> Iterator["_Transaction"]:
        """See `Index.transaction`."""
        try:
            self.redis.set(f"{self.name}:settings", settings, nx=True)
            found = self.redis.get(f"{self.name}:settings")
            if found != settings.encode():
                raise InputError(
                    f"{self.url}: found the settings {found.decode(errors='replace')} of {self.name!r}, expected "
                    f"{settings}; feed it with the settings it was made with, or begin another index"
                )
            with self.redis.pipeline() as pipe:
                yield _Transaction(self, pipe)
        except redis.exceptions.ConnectionError as error:
            raise InputError(f"{self.url}: no Redis server answers ({error}); start one and feed again") from error

    def bands(self) -> Any:
        """datasketch's sets of document numbers by band key; a new connection each."""
        config = {"type": "redis", "redis": self._parameters, "redis_buffer": {"transaction": False}}
        return unordered_storage(config, name=f"{self.name}:bands:".encode())


class _Transaction:
    """The index at the version that was current when this was made."""

    def __init__(self, index: RedisIndex, pipe: Any) -> None:
        self._index = index
        self._redis = index.redis
        self._pipe = pipe
        self._pipe.watch(self._key("version"))
        self._version = int(self._pipe.get(self._key("version")) or 0)
        self.position = int(self._redis.get(self._key("position")) or 0)

    def _key(self, part: str) -> str:
        return f"{self._index.name}:{part}"

    def earlier(self, batch: str) -> tuple[str, pl.DataFrame] | None:
        """See `Transaction.earlier`."""
        fingerprint, drops = self._redis.hmget(self._key("batches"), [f"fingerprint:{batch}", f"drops:{batch}"])
        return None if fingerprint is None else (fingerprint.decode(), pl.read_parquet(io.BytesIO(drops)))

    def known(self, keys: pl.DataFrame) -> pl.DataFrame:
        """See `Transaction.known`."""
        names = _exact_names(keys)
        ids = [found for part in _chunks(names) for found in self._redis.hmget(self._key("exact"), part)]
        found = pl.Series([None if each is None else each.decode() for each in ids], dtype=pl.String)
        return keys.with_columns(doc_id=found).drop_nulls("doc_id")

    def similar(self, keys: pl.DataFrame) -> pl.DataFrame:
        """See `Transaction.similar`."""
        names = list(dict.fromkeys(name for band in _band_names(keys) for name in band))
        storage = self._index.bands()
        numbers = {int(number) for part in _chunks(names) for found in storage.getmany(*part) for number in found}
        frames = [self._sketches(part, keys.columns) for part in _chunks(sorted(numbers))]
        schema = {"doc_id": pl.String(), "position": pl.Int64(), **keys.schema, "shingles": pl.List(pl.UInt32)}
        return pl.concat([pl.DataFrame(schema=pl.Schema(schema)), *frames])

    def _sketches(self, numbers: Sequence[int], bands: list[str]) -> pl.DataFrame:
        """Documents by their numbers, those of them that count."""
        held = zip(*(self._redis.hmget(self._key(part), numbers) for part in ("documents", "sketches")), strict=True)
        rows = [(*json.loads(document), sketch) for document, sketch in held if document is not None]
        width = 8 * len(bands)
        keys = np.frombuffer(b"".join(sketch[:width] for *_, sketch in rows), "<u8").reshape(-1, len(bands))
        sizes = np.array([(len(sketch) - width) // 4 for *_, sketch in rows], np.int64)
        values = np.frombuffer(b"".join(sketch[width:] for *_, sketch in rows), "<u4")
        return pl.DataFrame(
            {
                "doc_id": pl.Series([doc_id for doc_id, _, _ in rows], dtype=pl.String),
                "position": pl.Series([position for _, position, _ in rows], dtype=pl.Int64),
                **{name: np.ascontiguousarray(keys[:, band]) for band, name in enumerate(bands)},
                "shingles": buffers.lists(values, np.concatenate(([0], np.cumsum(sizes)))),
            }
        )

    def commit(self, addition: Addition) -> bool:
        """See `Transaction.commit`."""
        first = int(self._redis.incrby(self._key("numbers"), addition.kept.height)) - addition.kept.height
        self._write_ahead(addition.kept, first)
        drops = io.BytesIO()
        addition.drops.write_parquet(drops)
        batch = {
            f"fingerprint:{addition.batch}": addition.fingerprint.encode(),
            f"drops:{addition.batch}": drops.getvalue(),
        }
        documents = addition.kept.select("doc_id", "position").iter_rows()
        self._pipe.multi()
        self._pipe.hset(self._key("batches"), mapping=batch)
        for part in _chunks(list(zip(_exact_names(addition.exact), addition.exact["doc_id"], strict=True))):
            self._pipe.hset(self._key("exact"), mapping=dict(part))
        for part in _chunks([(first + row, json.dumps(document)) for row, document in enumerate(documents)]):
            self._pipe.hset(self._key("documents"), mapping=dict(part))
        self._pipe.set(self._key("position"), self.position + addition.documents)
        self._pipe.set(self._key("version"), self._version + 1)
        try:
            self._pipe.execute()
        except redis.exceptions.WatchError:
            return False
        return True

    def _write_ahead(self, kept: pl.DataFrame, first: int) -> None:
        """Sketches and band keys of documents, under numbers that do not count yet."""
        storage = self._index.bands()
        names = [name for name in kept.columns if name not in ("doc_id", "position", "shingles")]
        for row, bands in enumerate(_band_names(kept.select(names))):
            for band in bands:
                storage.insert(band, str(first + row).encode(), buffer=True)
        storage.empty_buffer()
        values, offsets = buffers.unlisted(kept["shingles"])
        keys = kept.select(names).to_numpy().astype("<u8")
        for rows in _chunks(range(kept.height)):
            sketches = {}
            for row in rows:
                shingles = values[offsets[row] : offsets[row + 1]].astype("<u4")
                sketches[first + row] = keys[row].tobytes() + shingles.tobytes()
            self._redis.hset(self._key("sketches"), mapping=sketches)


def _parameters(url: str) -> dict[str, Any]:
    """Arguments of `redis.Redis` from an address."""
    found = dict(parse_url(url))
    if "path" in found:
        found["unix_socket_path"] = found.pop("path")
    kind = found.pop("connection_class", None)
    return found | ({"ssl": True} if kind is redis.connection.SSLConnection else {})


def _exact_names(keys: pl.DataFrame) -> list[bytes]:
    """Exact keys as 16 bytes each."""
    content = keys.select("key_1", "key_2").to_numpy().astype(">u8").tobytes()
    return [content[at : at + 16] for at in range(0, len(content), 16)]


def _band_names(keys: pl.DataFrame) -> list[list[bytes]]:
    """Of each row the name of each of its band keys: the number of the band in 2 bytes, and the key in 8."""
    columns = []
    for band, name in enumerate(keys.columns):
        content = keys[name].to_numpy().astype(">u8").tobytes()
        columns.append([band.to_bytes(2, "big") + content[at : at + 8] for at in range(0, len(content), 8)])
    return [list(row) for row in zip(*columns, strict=True)]


def _chunks(items: Sequence[Any]) -> Iterator[Sequence[Any]]:
    return (items[at : at + _ROWS] for at in range(0, len(items), _ROWS))
