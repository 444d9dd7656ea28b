import math

import numpy as np
import pytest
import torch

from train.merging.interpolation import cosine, products, tree

FIRST = torch.tensor([[0.5, -1.25, 2.0], [0.75, 0.125, -0.5]])
SECOND = torch.tensor([[-0.25, 1.5, 1.0], [0.5, -0.625, 0.25]])
METHODS = ("lerp", "slerp", "slerp_geometric")


def between(method: str, *tensors: torch.Tensor, t: float = 0.5) -> torch.Tensor:
    """Tensors merged, in float32."""
    flat = [one.float().flatten() for one in tensors]
    weights = tree(products(flat), method, t).weights
    return sum(float(weight) * one.float() for weight, one in zip(weights, tensors, strict=True))


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
    torch.testing.assert_close(between("slerp", FIRST, SECOND, t=t), torch.tensor(MERGEKIT[t]), rtol=1e-6, atol=1e-6)
    assert not tree(products([FIRST.flatten(), SECOND.flatten()]), "slerp", t).straight


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
    torch.testing.assert_close(between("lerp", FIRST, SECOND, t=t), torch.tensor(mergekit), rtol=1e-6, atol=1e-6)


def test_a_quarter_of_a_circle():
    first, second = torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0])
    expected = torch.tensor([math.cos(math.pi / 6), math.sin(math.pi / 6)])
    torch.testing.assert_close(between("slerp", first, second, t=1 / 3), expected)
    assert cosine(products([first, second])) == 0


def test_lengths_of_the_other_formula_have_their_geometric_mean():
    first, second = torch.tensor([4.0, 0.0]), torch.tensor([0.0, 1.0])
    found = between("slerp_geometric", first, second)
    torch.testing.assert_close(found, torch.tensor([math.sqrt(2), math.sqrt(2)]))
    assert float(between("slerp_geometric", first, second, t=0.25).norm()) == pytest.approx(4**0.75)


@pytest.mark.parametrize("method", METHODS)
def test_both_ends_are_the_models(method):
    assert between(method, FIRST, SECOND, t=0.0).equal(FIRST)
    assert between(method, FIRST, SECOND, t=1.0).equal(SECOND)


def test_in_the_middle_of_vectors_of_one_length_line_and_arcs_share_their_direction():
    second = SECOND / SECOND.norm() * FIRST.norm()
    line = between("lerp", FIRST, second)
    for method in METHODS[1:]:
        arc = between(method, FIRST, second)
        torch.testing.assert_close(arc / arc.norm(), line / line.norm())
        assert arc.norm() > line.norm()


@pytest.mark.parametrize("method", METHODS[1:])
@pytest.mark.parametrize("second", [FIRST * 2, -FIRST, torch.zeros_like(FIRST), FIRST * 1.0001])
def test_parallel_opposite_and_empty_tensors_lie_on_a_line(method, second):
    assert tree(products([FIRST.flatten(), second.flatten()]), method, 0.3).straight == 1
    torch.testing.assert_close(between(method, FIRST, second, t=0.3), 0.7 * FIRST + 0.3 * second)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("shape", [((0, 1), 2), ((0, 1), (2, 3)), (((0, 1), (2, 3)), 4)])
def test_a_tree_is_what_its_merges_make_one_after_the_other(method, shape):
    torch.manual_seed(5)
    cosines, ratios, leaves = [], [], []

    def node(part) -> tuple[torch.Tensor, int]:
        if isinstance(part, int):
            leaves.append(torch.randn(50, dtype=torch.float64))
            return leaves[-1], 1
        (a, of_a), (b, of_b) = map(node, part)
        weights = tree(products([a, b]), method, of_b / (of_a + of_b)).weights
        made = weights[0] * a + weights[1] * b
        cosines.append(float(torch.nn.functional.cosine_similarity(a, b, dim=0)))
        ratios.append(float(2 * made.norm() / (a.norm() + b.norm())))
        return made, of_a + of_b

    expected, _ = node(shape)
    whole = tree(products(leaves), method, 0.5)
    found = sum(weight * one for weight, one in zip(whole.weights, leaves, strict=True))
    torch.testing.assert_close(found, expected)
    np.testing.assert_allclose(sorted(whole.cosines), sorted(cosines), atol=1e-12)
    np.testing.assert_allclose(sorted(whole.ratios), sorted(ratios))


def test_products_of_a_large_tensor_are_exact_in_parts():
    generator = torch.Generator().manual_seed(3)
    first, second = torch.randn(5_000_000, generator=generator), torch.randn(5_000_000, generator=generator)
    exact = float(torch.nn.functional.cosine_similarity(first.double(), second.double(), dim=0))
    found = sum(products(parts) for parts in zip(first.split(1 << 19), second.split(1 << 19), strict=True))
    assert cosine(found) == pytest.approx(exact, abs=1e-9)
