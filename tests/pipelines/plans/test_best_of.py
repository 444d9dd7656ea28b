from pipelines.plans.best_of import BestOf


def test_every_round_answers_with_the_model_of_the_one_before():
    steps = BestOf(data=("a",), tasks=("t",), rounds=2, samples=5).steps()
    assert list(steps) == ["answered-1", "tuned-1", "answered-2", "tuned-2", "examined"]
    assert steps["answered-1"]["model"] == "$model" and steps["answered-1"]["best_of"] == {"samples": 5}
    assert steps["answered-2"]["model"] == steps["tuned-2"]["model"] == "step:tuned-1"
    assert steps["tuned-2"]["data"] == [{"path": "step:answered-2", "weight": 1.0}]
