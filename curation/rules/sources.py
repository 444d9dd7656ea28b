"""Where a document comes from: hosts, paths and data sets that are allowed, denied, or weighted.

The host and path are those of a URL in `meta`. A host in a list stands for itself and all below it: `example.org` is
also `www.example.org` and not `badexample.org`. Nothing of the text is looked at.
"""

from collections.abc import Mapping, Sequence
from functools import partial, reduce

import polars as pl

from .. import tables
from ..errors import InputError
from .detailed import DetailedRule
from .rule import Rule

# Fields that hold a page's address in common crawls and exports, the first that is there counts.
URL_FIELDS = ("url", "uri", "WARC-Target-URI", "source_url", "link")
_HOST = r"(?i)^(?:[a-z][a-z0-9+.\-]*:)?//(?:[^/?#@]*@)?(\[[0-9a-f:.]+\]|[^/?#:@\s]+)"
_PATH = r"^(?:[A-Za-z][A-Za-z0-9+.\-]*:)?//[^/?#]*([^#]*)"


def sources(
    allow_hosts: Sequence[str] = (),
    deny_hosts: Sequence[str] = (),
    allow_paths: Sequence[str] = (),
    deny_paths: Sequence[str] = (),
    allow_datasets: Sequence[str] = (),
    deny_datasets: Sequence[str] = (),
    host_weights: Mapping[str, float] | None = None,
    dataset_weights: Mapping[str, float] | None = None,
    url_fields: Sequence[str] = URL_FIELDS,
) -> tuple[Rule, ...]:
    """Rules on the source of a document.

    With any `allow` list a document must match an entry of one of them; a match of any `deny` list drops it even so.
    `sources.weight` never drops: it is a score for a keep order or a selection to use, 1 where no weight is given.

    Args:
        allow_hosts, deny_hosts: hosts; entries may be given as URLs, and in Unicode or Punycode.
        allow_paths, deny_paths: regular expressions (Rust's syntax) for the URL's path and query, or where a document
            has no URL for its `file`.
        allow_datasets, deny_datasets: names of data sets (`source`), exactly.
        host_weights, dataset_weights: weights, none negative; of several hosts the longest counts, and the weights of
            host and data set are multiplied.
        url_fields: fields of `meta` that may hold the URL.

    Raises:
        InputError: when nothing is listed, or for an entry that is no host, pattern or weight.
    """
    url = pl.coalesce(pl.col("meta").str.json_path_match(f"$['{name}']") for name in _texts("url_fields", url_fields))
    host = url.str.extract(_HOST).str.to_lowercase().str.strip_suffix(".")
    path = pl.coalesce(url.str.extract(_PATH), pl.col("file"))
    hosts = {"allow": _hosts("allow_hosts", allow_hosts), "deny": _hosts("deny_hosts", deny_hosts)}
    paths = {"allow": _patterns("allow_paths", allow_paths), "deny": _patterns("deny_paths", deny_paths)}
    datasets = {"allow": _texts("allow_datasets", allow_datasets), "deny": _texts("deny_datasets", deny_datasets)}
    detail = partial(_where, host, path, hosts["deny"], paths["deny"], datasets["deny"])
    rules: list[Rule] = []
    for side in ("deny", "allow"):
        if not hosts[side] and not paths[side] and not datasets[side]:
            continue
        listed = f"{len(hosts[side])} hosts, {len(paths[side])} paths, {len(datasets[side])} data sets"
        matched = pl.any_horizontal(
            _below(host, hosts[side]).is_not_null(),
            *(path.str.contains(pattern).fill_null(False) for pattern in paths[side]),
            pl.col("source").is_in(datasets[side]).fill_null(False),
        ).cast(pl.Float64)
        low, high = (1, None) if side == "allow" else (None, 0)
        said = "allowed" if side == "allow" else "denied"
        rules.append(DetailedRule(
            f"sources.{side}", matched, low, high, None, f"1 where the source is {said}: {listed}", detail=detail
        ))  # fmt: skip
    if host_weights or dataset_weights:
        weight = _weight(host, host_weights or {}, dataset_weights or {})
        rules.append(Rule("sources.weight", weight, definition="weight of the source; never drops"))
    if not rules:
        raise InputError("rules.sources: found nothing listed, expected hosts, paths, data sets or weights")
    return tuple(rules)


def _below(host: pl.Expr, listed: Sequence[str]) -> pl.Expr:
    """The longest host of a list that a host is or lies below, null for none: its endings of so many labels."""
    labels = sorted({entry.count(".") for entry in listed}, reverse=True)
    # An address in brackets has no labels to take off.
    endings = [host.str.extract(rf"((?:[^.]+\.){{{dots}}}[^.]+)$") for dots in labels]
    found = [pl.when(ending.is_in(list(listed))).then(ending) for ending in endings]
    return pl.coalesce(found) if found else pl.lit(None, pl.String)


def _weight(host: pl.Expr, by_host: Mapping[str, float], by_dataset: Mapping[str, float]) -> pl.Expr:
    weights = []
    for key, given, column in (("host_weights", by_host, host), ("dataset_weights", by_dataset, pl.col("source"))):
        for name, value in given.items():
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < float("inf"):
                raise InputError(f"rules.sources.{key}.{name}: found {value!r}, expected a number of at least 0")
        if key == "host_weights":
            known = {entry: float(given[name]) for name in given for entry in _hosts(key, [name])}
            column = _below(host, list(known))
        else:
            known = {name: float(value) for name, value in given.items()}
        if known:
            weights.append(column.replace_strict(known, default=1.0, return_dtype=pl.Float64).fill_null(1.0))
    return reduce(lambda one, other: one * other, weights)


def _texts(key: str, given: Sequence[str]) -> list[str]:
    if isinstance(given, str) or not all(isinstance(entry, str) and entry for entry in given):
        raise InputError(f"rules.sources.{key}: found {given!r}, expected a list of texts")
    return list(dict.fromkeys(given))


def _patterns(key: str, given: Sequence[str]) -> list[str]:
    for pattern in _texts(key, given):
        try:
            pl.Series([""]).str.contains(pattern)
        except pl.exceptions.PolarsError as error:
            raise InputError(f"rules.sources.{key}: found {pattern!r}, expected a pattern in Rust's syntax") from error
    return _texts(key, given)


def _hosts(key: str, given: Sequence[str]) -> list[str]:
    """Hosts in lower case, in the forms in which they may stand in a URL: Unicode and Punycode."""
    found: list[str] = []
    for entry in _texts(key, given):
        name = entry.strip().lower()
        if "//" in name:
            name = pl.Series([name]).str.extract(_HOST)[0] or ""
        name = name.removeprefix("*.").strip(".")
        if not name or any(sign in name for sign in "/?#@*") or any(character.isspace() for character in name):
            raise InputError(f"rules.sources.{key}: found {entry!r}, expected a host such as example.org")
        try:
            found += [name, name.encode("idna").decode(), name.encode("ascii", "ignore").decode("idna") or name]
        except UnicodeError:  # a name that no registry gives out, but that a page may have
            found.append(name)
    return list(dict.fromkeys(found))


def _where(
    host: pl.Expr,
    path: pl.Expr,
    hosts: Sequence[str],
    paths: Sequence[str],
    datasets: Sequence[str],
    documents: pl.DataFrame,
) -> pl.Series:
    """For each document JSON with its host, path and data set, and which entry denied it."""
    entry = pl.coalesce(
        _below(host, hosts),
        *(pl.when(path.str.contains(pattern)).then(pl.lit(pattern)) for pattern in paths),
        pl.when(pl.col("source").is_in(list(datasets))).then("source"),
    )
    rows = documents.select(host=host, path=path, dataset=pl.col("source"), entry=entry)
    return pl.Series("detail", [tables.canonical_json(row) for row in rows.iter_rows(named=True)], dtype=pl.String)
