import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation import tables

COUNTS = st.integers(0, 50)


def document(**changes):
    row = {"doc_id": "a" * 32, "content_id": "b" * 32, "text": "t", "source": "s", "file": "f", "record": 0}
    return pl.DataFrame([row | {"lang": None, "meta": "{}", "parents": []} | changes], schema=tables.DOCUMENTS)


def test_a_frame_of_the_schema_passes_and_every_other_is_named():
    good = document()
    assert tables.check(good, tables.DOCUMENTS, "doc_id") is good
    with pytest.raises(tables.TableError, match="'record' is String, expected Int64"):
        tables.check(good.with_columns(pl.col("record").cast(pl.String)), tables.DOCUMENTS)
    with pytest.raises(tables.TableError, match="columns are"):
        tables.check(good.select(reversed(good.columns)), tables.DOCUMENTS)
    with pytest.raises(tables.TableError, match="not a key: 2 rows, 1 distinct"):
        tables.check(pl.concat([good, good]), tables.DOCUMENTS, "doc_id")
    with pytest.raises(tables.TableError, match="not a key"):
        tables.check(document(doc_id=None), tables.DOCUMENTS, "doc_id")


def test_ledger_rows_have_every_column_and_no_other():
    rows = tables.ledger(pl.DataFrame({"row_id": ["x"], "rule": ["r"], "value": [1]}), "stage", "drop")
    assert rows.schema == tables.LEDGER
    assert rows.row(0, named=True)["value"] == 1.0
    with pytest.raises(tables.TableError, match="unknown columns"):
        tables.ledger(pl.DataFrame({"colour": ["red"]}), "stage", "drop")
    with pytest.raises(tables.TableError, match="action 'lose'"):
        tables.ledger(pl.DataFrame({"row_id": ["x"]}), "stage", "lose")


@given(passed=COUNTS, dropped=COUNTS, consumed=COUNTS, lost=st.integers(-3, 3))
def test_conservation_holds_exactly_when_nothing_is_lost_or_made(passed, dropped, consumed, lost):
    rows_in = passed + dropped + consumed + lost
    if lost == 0:
        tables.conserve("s", rows_in, passed, dropped, consumed)
    else:
        with pytest.raises(tables.TableError, match="lost rows"):
            tables.conserve("s", rows_in, passed, dropped, consumed)


def test_ids_are_stable_and_tell_places_apart():
    # The published xxh3-128 of no bytes, so that an exchange of the hash function cannot pass unseen.
    assert tables.content_id("") == "99aa06d3014798d86001c324468d497f"
    assert tables.document_id("s", "f", 1, "t") != tables.document_id("s", "f1", 1, "t")
    assert tables.document_id("s", "f", 1, "t") != tables.document_id("s", "f", 11, "t")


@given(st.dictionaries(st.text(), st.integers() | st.text() | st.none(), max_size=5))
def test_fingerprints_do_not_depend_on_the_order_of_keys(value):
    assert tables.fingerprint(value) == tables.fingerprint(dict(reversed(value.items())))


@pytest.mark.parametrize("kind", tables.SAMPLE_KINDS)
def test_samples_have_the_trainers_columns_first(kind):
    schema = tables.samples_schema(kind)
    assert list(schema)[: len(tables.SAMPLE_KINDS[kind])] == list(tables.SAMPLE_KINDS[kind])
    assert list(schema)[-len(tables.SAMPLE_KEYS) :] == list(tables.SAMPLE_KEYS)
