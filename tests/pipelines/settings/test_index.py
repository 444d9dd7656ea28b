import datetime

import pytest
from pydantic import ValidationError

from pipelines.settings.index import IndexSettings, one_keep_order

LENGTH, DATE = ("-length", "doc_id"), ("date", "doc_id")


@pytest.mark.parametrize("place", [{"folder": "index"}, {"url": "redis://host:6379/0"}, {"url": "unix:///run/redis"}])
def test_an_index_is_in_a_folder_or_a_server(place):
    settings = IndexSettings.model_validate({**place, "batch": "january"})
    assert IndexSettings.model_validate(settings.model_dump(mode="json")) == settings


@pytest.mark.parametrize(("batch", "name"), [(7, "7"), (datetime.date(2026, 11, 21), "2026-11-21"), ("x", "x")])
def test_a_number_or_a_date_is_a_name(batch, name):
    assert IndexSettings.model_validate({"folder": "index", "batch": batch}).batch == name


@pytest.mark.parametrize(
    ("tree", "said"),
    [
        ({}, "found none of the keys folder and url"),
        ({"folder": "index", "url": "redis://host"}, "found both of the keys folder and url"),
        ({"url": "http://host"}, "found the scheme 'http', expected one of redis, rediss, unix"),
        ({"url": "redis://[host"}, "found no address"),
        ({"folder": "index", "batch": ""}, "at least 1 character"),
    ],
)
def test_anything_else_is_refused(tree, said):
    with pytest.raises(ValidationError, match=said):
        IndexSettings.model_validate({"batch": "january", **tree})


@pytest.mark.parametrize(
    "url",
    [
        "redis://:s3cret@host",
        "rediss://user:s3cret@host:6379/0",
        "unix://:s3cret@/run/redis",
        "redis://h?password=s3cret",
    ],
)
def test_a_password_in_the_address_is_refused_and_not_repeated(url):
    with pytest.raises(ValidationError) as caught:
        IndexSettings.model_validate({"url": url, "batch": "january"})
    (error,) = caught.value.errors()
    assert "found a password" in str(error["ctx"]["error"]) and "s3cret" not in str(error["ctx"]["error"])


def test_an_index_has_one_keep_order():
    one_keep_order(LENGTH, DATE, LENGTH)
    one_keep_order(None, DATE, LENGTH)
    one_keep_order(DATE, DATE, LENGTH)
    with pytest.raises(ValueError, match=r"exact.keep \['date', 'doc_id'\], expected \['-length', 'doc_id'\]"):
        one_keep_order(DATE, LENGTH, LENGTH)
    with pytest.raises(ValueError, match="found minhash null"):
        one_keep_order(LENGTH, None, LENGTH)
