from pipelines.plans.new_words import EMBEDDING, HEAD, NewWords


def test_the_new_rows_learn_from_the_embeddings_inwards():
    steps = NewWords(documents=("d",), tasks=("t",), tokens=50).steps()
    assert list(steps) == ["words", "input-rows", "output-rows", "new-rows", "learned", "examined"]
    assert steps["words"]["expansion"] == {"tokens": 50}
    moving = [steps[name]["trainable"] for name in ("input-rows", "output-rows", "new-rows")]
    assert moving == [[EMBEDDING], [HEAD], [EMBEDDING, HEAD]]
    assert all(steps[name]["vocabulary"] == {"input": "new", "output": "new"} for name in list(steps)[1:4])
    assert "trainable" not in steps["learned"] and "vocabulary" not in steps["learned"]
    started = [steps[name]["model"] for name in list(steps)[:5]]
    assert started == ["$model", "step:words", "step:input-rows", "step:output-rows", "step:new-rows"]


def test_embeddings_that_are_one_learn_in_one_stage():
    steps = NewWords(documents=("d",), tasks=("t",), tied=True).steps()
    assert list(steps) == ["words", "new-rows", "learned", "examined"]
    assert steps["new-rows"]["trainable"] == [EMBEDDING]


def test_replay_has_its_share_of_the_last_stage():
    steps = NewWords(documents=("d",), tasks=("t",), replay=("r",), share=0.25).steps()
    assert steps["learned"]["data"] == [{"path": "d", "weight": 0.75}, {"path": "r", "weight": 0.25}]
    assert steps["new-rows"]["data"] == [{"path": "d", "weight": 1.0}]
