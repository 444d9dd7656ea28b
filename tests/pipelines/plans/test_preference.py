from pipelines.plans.preference import CptSftDpo, CptSftOrpo

GIVEN = {"documents": ("d",), "data": ("a",), "preferences": ("p",), "tasks": ("t",)}


def test_each_training_starts_from_the_one_before():
    for plan, method in ((CptSftDpo, "dpo"), (CptSftOrpo, "orpo")):
        steps = plan(**GIVEN).steps()
        trained = {name: (step["method"], step["model"]) for name, step in steps.items() if step["job"] == "train"}
        assert trained == {
            "read": ("cpt", "$model"),
            "tuned": ("sft", "step:read"),
            "preferred": (method, "step:tuned"),
        }
        assert "merged" not in steps


def test_the_result_is_merged_with_a_partner_that_is_examined_too():
    steps = CptSftDpo(**GIVEN, merge=True).steps()
    assert steps["merged"]["models"] == ["$model", "step:preferred"]
    assert steps["examined"]["models"]["merged"] == "step:merged"
    other = CptSftOrpo(**GIVEN, merge=True, partner="instruct/").steps()
    assert other["merged"]["models"] == ["instruct/", "step:preferred"]
    assert other["examined"]["models"]["partner"] == "instruct/"
