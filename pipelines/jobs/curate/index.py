"""Duplicates of what earlier runs kept: the documents of a step are a batch that is fed to an index."""

import os
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

import polars as pl

from curation.dedup import index as incremental
from curation.dedup import order
from curation.dedup.index import Index, IndexOptions, LocalIndex
from curation.errors import InputError

from ...executors import InProcess
from ...run import Made
from ...settings import MinHashSettings
from ...settings.index import IndexSettings
from . import drops
from .duplicates import options_of
from .shelf import Curation, Shelf

INDEX = "index"


def drop_indexed(job: Curation, pending: drops.Pending, settings: IndexSettings, near: MinHashSettings) -> None:
    """Drop duplicates of documents of earlier batches, and of each other; what is kept is in the index then.

    It finds exact and near duplicates, so it stands in place of both stages. Feeding the same documents again under
    the same name gives the same answer and adds nothing, so a run that was killed is simply run again.

    Raises:
        InputError: when other documents were fed under the batch's name, the index was begun with other settings of
            `minhash`, or it cannot be reached.
    """
    options, config = IndexOptions(options_of(near)), near.model_dump(mode="json")
    sketched = {name: value for name, value in config.items() if name not in ("threshold", "keep")}
    sketched["columns"] = order.columns(options.minhash.keep_order)
    files = drops.sides(job, pending, INDEX, sketched, incremental.sketch, options)
    place = settings.model_dump(mode="json", exclude={"password_variable"})
    feeding = job.work(INDEX, [INDEX, place, config], [("work", file) for file in files], _feed, files, settings,
                       options)  # fmt: skip
    # In this process: it has the environment in which the password is, and the machine on which the folder is.
    job.note(job.run.tasks([feeding], InProcess(), lambda record: None))
    pending.decisions.append(drops.Decision(INDEX))


def opened(settings: IndexSettings) -> Index:
    """The index that settings name.

    Raises:
        InputError: when the address is none of a Redis server.
    """
    if settings.folder is not None:
        return LocalIndex(Path(settings.folder))
    assert settings.url is not None
    try:
        from curation.dedup.index.redis_server import RedisIndex  # only where it is named: redis is an extra
    except ModuleNotFoundError as error:
        raise InputError(f"url needs the package {error.name!r}; install 'keepwise[redis]'") from error
    index = RedisIndex(settings.url, settings.name)
    password = os.environ.get(settings.password_variable)
    if password:
        index = RedisIndex(_with_password(settings.url, password), settings.name)
        index.url = settings.url  # which is what its errors quote
    return index


def _with_password(url: str, password: str) -> str:
    parts = urlsplit(url)
    user, _, host = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{user}:{quote(password, safe='')}@{host}"))


def _feed(shelf: Shelf, files: list[str], settings: IndexSettings, options: IndexOptions) -> Made:
    sketches = pl.concat([shelf.load("work", file) for file in files])
    try:
        index = opened(settings)
        with index.transaction(options.settings) as state:
            known = state.earlier(settings.batch) is not None
    except InputError as error:
        raise InputError(f"{shelf.step}: index: {error}") from error
    try:
        found = incremental.feed_sketches(index, sketches, settings.batch, options)
    except InputError as error:
        raise InputError(f"{shelf.step}: index: {error}{ADVICE if known else ''}") from error
    return Made((shelf.save(found, "work", INDEX),), {"fed": sketches.height})


ADVICE = (
    ". New inputs are a batch of their own, under a new index.batch and without the old ones; after a change of the "
    "recipe that changes these documents, begin a new index (another folder or name) and feed its batches in order"
)
