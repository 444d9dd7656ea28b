import pytest

from train.merging.depth import layer, value_at


@pytest.mark.parametrize(
    ("name", "number"),
    [("model.layers.12.mlp.up_proj.weight", 12), ("transformer.h.3.attn.c_attn.weight", 3), ("lm_head.weight", None),
     ("model.norm.weight", None), ("model.embed_tokens.weight", None)],
)  # fmt: skip
def test_the_layer_of_a_tensor(name, number):
    assert layer(name) == number


def test_points_lie_along_the_depth():
    found = [value_at(f"model.layers.{number}.weight", (0.0, 1.0, 0.5), 5) for number in range(5)]
    assert found == [0.0, 0.5, 1.0, 0.75, 0.5]
    assert value_at("model.embed_tokens.weight", (0.0, 1.0, 0.5), 5) == 0.0
    assert value_at("model.norm.weight", (0.0, 1.0, 0.5), 5) == 0.5
    assert value_at("lm_head.weight", (0.0, 1.0, 0.5), 5) == 0.5


def test_one_point_or_one_layer():
    assert value_at("model.layers.3.weight", (0.3,), 8) == 0.3
    assert value_at("model.layers.0.weight", (0.2, 0.8), 1) == 0.2
