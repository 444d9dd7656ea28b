import json

import polars as pl
import pytest

from curation import tables
from curation.errors import InputError
from pipelines.jobs.curate.personal import personal_of
from pipelines.settings import CurateSettings

KEY = "a key of at least sixteen bytes"


def rows() -> pl.DataFrame:
    meta = json.dumps({"asked_by": "kim@naver.com", "id": "lee@naver.com"})
    frame = pl.DataFrame({"doc_id": ["d"], "text": ["to a@naver.com"], "meta": [meta], "file": ["f"], "record": [0]})
    return tables.complete(frame, tables.DOCUMENTS)


def test_texts_and_the_fields_named():
    settings = CurateSettings.model_validate({"inputs": ["x"], "personal_data_fields": ["asked_by"]})
    edited = personal_of(settings).replace_everywhere(rows())
    assert edited.rows["text"][0] == "to <EMAIL>"
    assert json.loads(edited.rows["meta"][0]) == {"asked_by": "<EMAIL>", "id": "lee@naver.com"}
    assert edited.ledger["rule"].to_list() == ["pii.email", "pii.email"]


def test_only_texts_unless_fields_are_named():
    personal = personal_of(CurateSettings.model_validate({"inputs": ["x"]}))
    assert personal.replace_everywhere(rows()).rows["meta"][0] == rows()["meta"][0]


def test_pseudonyms_need_a_key_which_is_in_no_fingerprint(monkeypatch):
    settings = CurateSettings.model_validate({"inputs": ["x"], "pseudonyms": True})
    monkeypatch.delenv("KEEPWISE_PSEUDONYM_KEY", raising=False)
    with pytest.raises(InputError, match="KEEPWISE_PSEUDONYM_KEY is not set"):
        personal_of(settings)
    monkeypatch.setenv("KEEPWISE_PSEUDONYM_KEY", KEY)
    personal = personal_of(settings)
    assert personal.options.style == "pseudonym" and KEY not in json.dumps(personal.config)
