from pipelines.plans.pit import Pit, PitPlusPlus

GIVEN = {"documents": "d", "new_documents": "n", "tasks": ("t",)}


def test_questions_with_their_documents_come_before_new_documents_which_no_question_is_trained_on():
    steps = Pit(**GIVEN).steps()
    assert list(steps) == ["asked", "read", "learned", "examined"]
    assert steps["asked"]["data"] == ["d"] and steps["asked"]["held_out"] == ["t"]
    assert steps["read"]["data"] == [{"path": "step:asked", "documents": "d", "key": None}]
    assert steps["learned"]["model"] == "step:read" and steps["learned"]["method"] == "cpt"
    assert steps["learned"]["data"] == [{"path": "n", "weight": 1.0}]


def test_given_questions_are_not_made_up():
    steps = Pit(**GIVEN, questions="q", key="id").steps()
    assert list(steps) == ["read", "learned", "examined"]
    assert steps["read"]["data"] == [{"path": "q", "documents": "d", "key": "id"}]


def test_plus_plus_learns_questions_alone_first():
    steps = PitPlusPlus(**GIVEN).steps()
    assert list(steps) == ["asked", "questioned", "read", "learned", "examined"]
    assert steps["questioned"]["model"] == "$model" and steps["read"]["model"] == "step:questioned"
    assert list(PitPlusPlus(**GIVEN, questions="q").steps()) == ["questioned", "read", "learned", "examined"]
