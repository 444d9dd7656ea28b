import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from curation.errors import InputError
from train import models
from train.options.tunings import Vocabulary
from train.tunings import vocabulary_rows
from train.tunings.tuning import freeze_but


@pytest.fixture(scope="module")
def expanded(make_model: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model whose last eleven tokens but one are new."""
    folder = make_model(tmp_path_factory.mktemp("models") / "untied", tied=False)
    (folder / vocabulary_rows.NEW_TOKENS).write_text(json.dumps({"first": 250, "count": 10}))
    return folder


def stepped(model: torch.nn.Module) -> dict[str, torch.Tensor]:
    """Weights after two steps that decay everything, and a pass."""
    optimiser = torch.optim.AdamW(
        [weight for weight in model.parameters() if weight.requires_grad], 0.1, weight_decay=0.5
    )
    for _ in range(2):
        optimiser.zero_grad()
        model(input_ids=torch.arange(240, 261)[None], labels=torch.arange(240, 261)[None]).loss.backward()
        optimiser.step()
    vocabulary_rows.put_back(model)
    return {name: weight.detach().clone() for name, weight in model.named_parameters()}


@pytest.mark.parametrize(
    ("options", "new"), [(Vocabulary("new", "all"), "input"), (Vocabulary("all", "new"), "output")]
)
def test_each_embedding_is_held_apart(expanded: Path, options: Vocabulary, new: str) -> None:
    model = models.causal_lm(expanded)
    before = {name: weight.detach().clone() for name, weight in model.named_parameters()}
    vocabulary_rows.hold(model, expanded, options)
    after = stepped(model)
    for side, name in {"input": "model.embed_tokens.weight", "output": "lm_head.weight"}.items():
        moved = (after[name] != before[name]).any(-1).nonzero()[:, 0].tolist()
        assert moved == list(range(250, 260)) if side == new else len(moved) > 250, side


@pytest.mark.parametrize(
    ("said", "options", "trainable", "sentence"),
    [
        (None, Vocabulary("new"), "*", "no new_tokens.json, expected a model whose vocabulary was expanded"),
        ({"first": 250, "count": 0}, Vocabulary("new"), "*", "first is 250 and count is 0"),
        ({"first": 250, "count": 99}, Vocabulary("new"), "*", "names ids up to 349, found 261 rows"),
        (
            {"first": 250, "count": 1},
            Vocabulary("all", "new"),
            "*embed*",
            "vocabulary.output is 'new' and that embedding",
        ),
    ],
)
def test_what_cannot_be_held_is_said(
    said: dict[str, int] | None, options: Vocabulary, trainable: str, sentence: str, expanded: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "model"
    shutil.copytree(expanded, folder)
    (folder / vocabulary_rows.NEW_TOKENS).unlink()
    if said is not None:
        (folder / vocabulary_rows.NEW_TOKENS).write_text(json.dumps(said))
    model = models.causal_lm(folder)
    freeze_but(model, [trainable])
    with pytest.raises(InputError, match=sentence):
        vocabulary_rows.hold(model, folder, options)


def test_a_tied_model_has_one_embedding(tiny_model: Path) -> None:
    with pytest.raises(InputError, match="has one weight for input and output, expected vocabulary.input"):
        vocabulary_rows.hold(models.causal_lm(tiny_model), tiny_model, Vocabulary("all", "new"))
