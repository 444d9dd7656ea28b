import pytest
from pydantic import ValidationError

from pipelines.settings.topics import SelectionSettings, TopicSettings


@pytest.mark.parametrize("tree", [{"clusters": 0}, {"names": {"words": 3}}, {"k": 5}])
def test_topics_refuse_what_they_do_not_know(tree):
    with pytest.raises(ValidationError, match=next(iter(tree))):
        TopicSettings.model_validate(tree)
    assert TopicSettings.model_validate({"names": {"terms": 2}}).names.terms == 2


@pytest.mark.parametrize(
    ("tree", "message"),
    [({}, "exactly one"), ({"number": 1, "share": 0.5}, "exactly one"), ({"method": "best", "number": 1}, "k_center")],
)
def test_a_selection_has_one_size_and_a_known_method(tree, message):
    with pytest.raises(ValidationError, match=message):
        SelectionSettings.model_validate(tree)


def test_vectors_are_wanted_by_the_methods_that_look_at_them():
    methods = ("nearest", "boundary", "facility", "k_center", "random", "top")
    wanted = [SelectionSettings(method=method, number=1).by_vectors for method in methods]
    assert wanted == [True, True, True, True, False, False]
