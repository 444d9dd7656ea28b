"""Calls with their keywords in another order, and calls that differ in one thing."""

from pathlib import Path

import pytest

from curation.checks.call_variants import changed, reordered
from curation.checks.typed_calls import same_calls
from curation.readers import rows

CALL = "find(city='Seoul', near=[1, 2.5], deep=True, options={'a': None, 'b': x.y})"


def test_reordered_calls_are_the_same():
    (other,) = reordered(CALL)
    assert other == "find(options={'b': x.y, 'a': None}, deep=True, near=[1, 2.5], city='Seoul')"
    assert same_calls(CALL, other)[0]
    assert reordered("f(1, a=2)") == [] and reordered("f(a=1, **k)") == []


def test_every_change_is_another_call():
    texts = changed(CALL)
    assert len(texts) == len(set(texts)) == 15
    assert {"find(city='Seoulx', near=[1, 2.5], deep=True, options={'a': None, 'b': x.y})",
            "find(city='Seoul', near=[1, 2.5], deep=False, options={'a': None, 'b': x.y})",
            "find(city='Seoul', near=[1, 2.5], deep=True)"} < set(texts)  # fmt: skip
    assert not any(same_calls(CALL, text)[0] for text in texts)


def test_no_python_is_refused():
    with pytest.raises(SyntaxError):
        changed("f(")


@pytest.mark.shared_data
def test_all_published_calls(shared_data: Path):
    """Of 2 211 calls all reordered ones pass, and of every twentieth all changed ones fail (the benchmark: of all)."""
    file = shared_data / "instructions" / "sdft" / "openfunctions.jsonl.gz"
    calls = [str(record["output"]) for _, record in rows.records(file)]
    read = [call for call in calls if same_calls(call, call)[0]]
    assert len(calls) == len(read) == 2211
    assert all(same_calls(call, other)[0] for call in read for other in reordered(call))
    assert not any(same_calls(call, other)[0] for call in read[::20] for other in changed(call))
