"""Hosts at the borders of their labels, paths, data sets, and weights."""

import json

import polars as pl
import pytest

from curation import tables
from curation.errors import InputError
from curation.rules import rule
from curation.rules.detailed import with_details
from curation.rules.sources import sources


def documents(*metas: dict, source: str = "web", file: str = "a.jsonl") -> pl.DataFrame:
    rows = pl.DataFrame(
        {"doc_id": [f"d{i}" for i in range(len(metas))], "meta": [json.dumps(meta) for meta in metas]},
        schema={"doc_id": pl.String, "meta": pl.String},
    ).with_columns(text=pl.lit("t"), source=pl.lit(source), file=pl.lit(file), record=pl.int_range(pl.len()))
    return tables.complete(rows, tables.DOCUMENTS)


def scored(name: str, frame: pl.DataFrame, **given) -> list[float]:
    return rule.score(frame, sources(**given))[f"sources.{name}"].to_list()


@pytest.mark.parametrize(
    ("url", "denied"),
    [
        ("https://example.org/a", 1),
        ("http://www.EXAMPLE.org:8080/a?b#c", 1),
        ("//a.b.example.org", 1),
        ("https://user:pw@example.org/", 1),
        ("https://example.org.", 1),
        ("https://badexample.org/", 0),
        ("https://example.org.evil.com/", 0),
        ("https://evil.com/https://example.org/", 0),
        ("https://evil.com/?u=//example.org/", 0),
        ("https://evil.com/@example.org", 0),
        ("https://org/", 0),
        ("not a url", 0),
        ("", 0),
        ("https://한국.kr/가", 1),
        ("https://www.xn--3e0b707e.kr/", 1),
        ("http://[2001:db8::1]:80/", 1),
        ("http://10.0.0.1/", 1),
        ("http://110.0.0.1/", 0),
    ],
)
def test_hosts(url: str, denied: int) -> None:
    hosts = ["Example.org", "한국.kr", "[2001:db8::1]", "10.0.0.1"]
    assert scored("deny", documents({"url": url}), deny_hosts=hosts) == [denied]


def test_entries_may_be_urls_or_begin_with_a_star() -> None:
    frame = documents({"url": "https://a.example.org"}, {"url": "https://other.net"}, {})
    for entry in ("https://example.org/path", "*.example.org", ".example.org", "example.org."):
        assert scored("deny", frame, deny_hosts=[entry]) == [1, 0, 0]


def test_fields_that_hold_the_url() -> None:
    frame = documents(
        {"WARC-Target-URI": "https://x.org/"}, {"uri": "https://x.org"}, {"at": "https://x.org"}, {"url": 3}
    )
    assert scored("deny", frame, deny_hosts=["x.org"]) == [1, 1, 0, 0]
    assert scored("deny", frame, deny_hosts=["x.org"], url_fields=["at"]) == [0, 0, 1, 0]


def test_paths_and_data_sets() -> None:
    frame = documents(
        {"url": "https://x.org/tag/a?page=2#tag"}, {"url": "https://tag.org/b#/tag/"}, {}, file="tag/b.jsonl"
    )
    assert scored("deny", frame, deny_paths=[r"(^|/)tag/"]) == [1, 0, 1]
    assert scored("deny", frame, deny_paths=[r"page=\d"]) == [1, 0, 0]
    assert scored("deny", frame, deny_datasets=["web"]) == [1, 1, 1]
    assert scored("deny", frame, deny_datasets=["we"]) == [0, 0, 0]


def test_allowed_means_one_list_matches_and_deny_wins() -> None:
    frame = documents(
        {"url": "https://a.good.org/"}, {"url": "https://bad.good.org/"}, {"url": "https://other.org/docs/"}, {}
    )
    rules = sources(allow_hosts=["good.org"], allow_paths=["^/docs/"], deny_hosts=["bad.good.org"])
    assert rule.decide(rule.score(frame, rules), rules)["first_failing_rule"].to_list() == [
        None,
        "sources.deny",
        None,
        "sources.allow",
    ]


def test_the_ledger_says_which_entry() -> None:
    frame = documents({"url": "https://a.bad.org/x"}, {"url": "https://ok.org/tag/1"}, {})
    rules = sources(deny_hosts=["bad.org"], deny_paths=["^/tag/"], allow_hosts=["ok.org"])
    split = rule.split(frame, rule.decide(rule.score(frame, rules), rules), "rules")
    said = [json.loads(detail) for detail in with_details(split, rules).ledger["detail"]]
    assert [each["entry"] for each in said] == ["bad.org", "^/tag/", None]
    assert said[0] == {"host": "a.bad.org", "path": "/x", "dataset": "web", "entry": "bad.org"}
    assert said[2]["path"] == "a.jsonl"


def test_weights() -> None:
    frame = documents({"url": "https://a.b.org"}, {"url": "https://b.org"}, {"url": "https://c.org"}, {})
    weights = {"b.org": 2, "a.b.org": 0.5}
    assert scored("weight", frame, host_weights=weights) == [0.5, 2, 1, 1]
    assert scored("weight", frame, host_weights=weights, dataset_weights={"web": 3}) == [1.5, 6, 3, 3]
    assert scored("weight", frame, dataset_weights={"other": 3}) == [1] * 4
    rules = sources(host_weights={"b.org": 0})
    assert rule.decide(rule.score(frame, rules), rules)["first_failing_rule"].null_count() == 4


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "rules.sources: found nothing listed"),
        ({"deny_hosts": "example.org"}, "rules.sources.deny_hosts: found 'example.org', expected a list of texts"),
        ({"deny_hosts": ["example.org/path"]}, "rules.sources.deny_hosts: found 'example.org/path', expected a host"),
        ({"deny_paths": ["("]}, r"rules.sources.deny_paths: found '\('"),
        ({"host_weights": {"a.org": -1}}, "rules.sources.host_weights.a.org: found -1"),
        ({"dataset_weights": {"a": "2"}}, "rules.sources.dataset_weights.a: found '2'"),
    ],
)
def test_what_is_refused(given: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        sources(**given)
