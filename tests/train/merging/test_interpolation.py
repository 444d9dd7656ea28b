import math

import pytest
import torch

from train.merging.interpolation import lerp, slerp, slerp_geometric

FIRST = torch.tensor([[0.5, -1.25, 2.0], [0.75, 0.125, -0.5]])
SECOND = torch.tensor([[-0.25, 1.5, 1.0], [0.5, -0.625, 0.25]])
# What MergeKit 0.1.5 makes of the two.
MERGEKIT = {
    0.25: [[0.3634750545024872, -0.5803970098495483, 2.2042787075042725],
           [0.8735031485557556, -0.12017516791820526, -0.3634750545024872]],
    0.5: [[0.17390626668930054, 0.17390626668930054, 2.0868752002716064],
          [0.8695313334465027, -0.3478125333786011, -0.17390626668930054]],
    0.9: [[-0.1691606193780899, 1.2831171751022339, 1.289564609527588],
          [0.6064746975898743, -0.5952858924865723, 0.1691606193780899]],
}  # fmt: skip


@pytest.mark.parametrize("t", MERGEKIT)
def test_the_arc_is_that_of_mergekit(t):
    found = slerp(FIRST, SECOND, t)
    torch.testing.assert_close(found.values, torch.tensor(MERGEKIT[t]), rtol=1e-6, atol=1e-6)
    assert not found.straight


@pytest.mark.parametrize(
    ("t", "mergekit"),  # the same of its linear merge
    [
        (0.25, [[0.3125, -0.5625, 1.75], [0.6875, -0.0625, -0.3125]]),
        (0.5, [[0.125, 0.125, 1.5], [0.625, -0.25, -0.125]]),
        (0.9, [[-0.17499999701976776, 1.2249999046325684, 1.100000023841858],
               [0.5249999761581421, -0.550000011920929, 0.17499999701976776]]),
    ],
)  # fmt: skip
def test_the_line_is_that_of_mergekit(t, mergekit):
    torch.testing.assert_close(lerp(FIRST, SECOND, t).values, torch.tensor(mergekit), rtol=1e-6, atol=1e-6)


def test_a_quarter_of_a_circle():
    found = slerp(torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0]), 1 / 3)
    torch.testing.assert_close(found.values, torch.tensor([math.cos(math.pi / 6), math.sin(math.pi / 6)]))
    assert found.cosine == 0


def test_lengths_of_the_other_formula_have_their_geometric_mean():
    found = slerp_geometric(torch.tensor([4.0, 0.0]), torch.tensor([0.0, 1.0]), 0.5)
    torch.testing.assert_close(found.values, torch.tensor([math.sqrt(2), math.sqrt(2)]))
    quarter = slerp_geometric(torch.tensor([4.0, 0.0]), torch.tensor([0.0, 1.0]), 0.25)
    assert float(quarter.values.norm()) == pytest.approx(4**0.75)


@pytest.mark.parametrize("between", [lerp, slerp, slerp_geometric])
def test_both_ends_are_the_models(between):
    torch.testing.assert_close(between(FIRST, SECOND, 0.0).values, FIRST)
    torch.testing.assert_close(between(FIRST, SECOND, 1.0).values, SECOND)


def test_in_the_middle_of_vectors_of_one_length_line_and_arcs_share_their_direction():
    second = SECOND / SECOND.norm() * FIRST.norm()
    line = lerp(FIRST, second, 0.5).values
    for between in (slerp, slerp_geometric):
        arc = between(FIRST, second, 0.5).values
        torch.testing.assert_close(arc / arc.norm(), line / line.norm())
        assert arc.norm() > line.norm()


@pytest.mark.parametrize("between", [slerp, slerp_geometric])
@pytest.mark.parametrize("second", [FIRST * 2, -FIRST, torch.zeros_like(FIRST), FIRST * 1.0001])
def test_parallel_opposite_and_empty_tensors_lie_on_a_line(between, second):
    found = between(FIRST, second, 0.3)
    assert found.straight
    torch.testing.assert_close(found.values, 0.7 * FIRST + 0.3 * second)


def test_mathematics_is_in_float32_whatever_the_weights_are():
    found = slerp(FIRST.bfloat16(), SECOND.bfloat16(), 0.5)
    assert found.values.dtype == torch.float32
    torch.testing.assert_close(found.values, slerp(FIRST, SECOND, 0.5).values, rtol=1e-2, atol=1e-2)


def test_the_angle_of_a_large_tensor_is_taken_in_parts():
    generator = torch.Generator().manual_seed(3)
    first, second = torch.randn(5_000_000, generator=generator), torch.randn(5_000_000, generator=generator)
    exact = float(torch.nn.functional.cosine_similarity(first.double(), second.double(), dim=0))
    assert lerp(first, second, 0.5).cosine == pytest.approx(exact, abs=1e-9)
