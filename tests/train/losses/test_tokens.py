import math

import torch

from train.losses import tokens

LOGITS = torch.log(torch.tensor([[[0.5, 0.25, 0.25], [0.1, 0.2, 0.7], [1.0, 1.0, 1.0]]]))
LABELS = torch.tensor([[0, 1, 2]])


def test_each_label_is_predicted_from_the_position_before_it():
    found, mask = tokens.log_probabilities(LOGITS, LABELS)
    torch.testing.assert_close(found, torch.tensor([[math.log(0.25), math.log(0.7)]]))
    assert mask.tolist() == [[True, True]]
    assert tokens.sums(found, mask).item() == torch.tensor(math.log(0.175)).item()
    assert math.isclose(tokens.means(found, mask).item(), math.log(0.175) / 2, rel_tol=1e-6)


def test_what_is_ignored_counts_nothing():
    found, mask = tokens.log_probabilities(LOGITS, torch.tensor([[0, tokens.IGNORED, 2]]))
    assert mask.tolist() == [[False, True]] and found[0, 0] == 0
    assert math.isclose(tokens.means(found, mask).item(), math.log(0.7), rel_tol=1e-6)
    nothing = tokens.log_probabilities(LOGITS, torch.full((1, 3), tokens.IGNORED))
    assert tokens.means(*nothing).item() == 0


def test_the_sum_is_the_loss_of_transformers():
    torch.manual_seed(0)
    logits, labels = torch.randn(4, 7, 11), torch.randint(0, 11, (4, 7))
    labels[:, :2] = tokens.IGNORED
    found, mask = tokens.log_probabilities(logits, labels)
    expected = torch.nn.functional.cross_entropy(logits[:, :-1].reshape(-1, 11), labels[:, 1:].reshape(-1))
    torch.testing.assert_close(-found.sum() / mask.sum(), expected)
