from pipelines.jobs.curate.stages import global_stages
from pipelines.settings import CurateSettings


def test_stages_run_in_their_order_where_the_settings_name_them(step, left):
    made = step(["a a", "b b", "a  a", "c"], {"gopher.words": [1.0, 1.0, 1.0, 1.0]})
    tree = {"inputs": ["x"], "minhash": None, "lines": {}, "diversity": {"targets": {"lang": {"en": 1.0}}, "total": 2}}
    assert global_stages(*made, CurateSettings.model_validate(tree)) == ["exact", "lines", "diversity"]
    assert left(made).height == 2


def test_no_stage_in_force_leaves_all_documents(step, left):
    made = step(["a", "a"])
    none = CurateSettings.model_validate({"inputs": ["x"], "exact": None, "minhash": None})
    assert global_stages(*made, none) == [] and left(made).height == 2
