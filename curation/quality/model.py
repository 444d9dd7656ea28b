"""The learned score as numbers, and its files: safetensors for the weights, JSON for the rest; never a pickle."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xxhash
from safetensors import SafetensorError
from safetensors.numpy import load as read_tensors
from safetensors.numpy import save as write_tensors

from .. import storage, tables
from ..errors import InputError
from ..ngrams import NgramOptions

FORMAT = 1
WEIGHTS, CARD = "model.safetensors", "quality.json"


@dataclass(frozen=True)
class HeldOut:
    """What the model does on rows that it was not trained on; intervals at .95.

    Attributes:
        rows: measured.
        positives: of them labelled 1.
        accuracy: share of rows whose probability is at least .5 exactly where the label is 1.
        accuracy_low: lower end of its interval (Wilson 1927).
        accuracy_high: upper end.
        auc: chance that a row labelled 1 scores above one labelled 0, ties counting half; null where one label lacks.
        auc_low: lower end of its interval (Newcombe 2006, method 5).
        auc_high: upper end.
        brier: mean squared difference of probability and label.
        calibration_error: mean difference of probability and share labelled 1 over ten equally large groups of rows
            by probability (expected calibration error).
    """

    rows: int
    positives: int
    accuracy: float
    accuracy_low: float
    accuracy_high: float
    auc: float | None
    auc_low: float | None
    auc_high: float | None
    brier: float
    calibration_error: float


@dataclass(frozen=True)
class QualityModel:
    """Logistic regression on hashed n-grams or on vectors, with calibrated probabilities.

    The decision value of a text is x.weights + bias, where x is its vector or (1 + log count) * rarity of its n-grams
    at length one; its probability is 1 / (1 + exp(-(slope * value + shift))).

    Attributes:
        weights: float32 (features,).
        rarity: float32 (features,), inverse document frequency of each bucket; empty for a model of vectors.
        bias: of the decision value.
        slope: of the calibration (Platt 1999).
        shift: of the calibration.
        ngrams: what is counted of a text; none for a model of vectors.
        rows: trained on.
        positives: of them labelled 1.
        held_out: what was measured, none where nothing was held out.
    """

    weights: np.ndarray
    rarity: np.ndarray
    bias: float
    slope: float
    shift: float
    ngrams: NgramOptions | None
    rows: int
    positives: int
    held_out: HeldOut | None

    @property
    def fingerprint(self) -> str:
        """xxh3-128 of everything that decides a score, 32 hex characters."""
        state = xxhash.xxh3_128(tables.canonical_json([FORMAT, self._settings()]).encode())
        for values in (self.weights, self.rarity):
            state.update(np.ascontiguousarray(values, dtype="<f4").tobytes())
        return state.hexdigest()

    def _settings(self) -> dict[str, Any]:
        ngrams = None if self.ngrams is None else asdict(self.ngrams)
        return {"bias": self.bias, "slope": self.slope, "shift": self.shift, "ngrams": ngrams}

    def card(self) -> dict[str, Any]:
        """What the JSON file holds: settings, what it was trained on and what was measured."""
        held_out = None if self.held_out is None else asdict(self.held_out)
        trained = {"rows": self.rows, "positives": self.positives, "held_out": held_out}
        return {"format": FORMAT, "fingerprint": self.fingerprint, **self._settings(), **trained}


def save(model: QualityModel, folder: Path) -> None:
    """Write `model.safetensors` and `quality.json` to a folder; equal models give equal bytes."""
    storage.write_text(json.dumps(model.card(), indent=1, sort_keys=True, allow_nan=False) + "\n", folder / CARD)
    with storage.atomic(folder / WEIGHTS) as temporary:
        temporary.write_bytes(write_tensors({"weights": model.weights, "rarity": model.rarity}))


def load(folder: Path) -> QualityModel:
    """Read a model that `save` wrote.

    Raises:
        InputError: when a file is missing, damaged, of another format, or the two are not of one model.
    """
    card = _read_card(folder / CARD)
    try:
        tensors = read_tensors((folder / WEIGHTS).read_bytes())
    except (OSError, SafetensorError) as error:
        raise InputError(f"{folder / WEIGHTS}: not readable ({error}), expected weights of a quality model") from error
    try:
        ngrams = None if card["ngrams"] is None else NgramOptions(**card["ngrams"])
        held_out = None if card["held_out"] is None else HeldOut(**card["held_out"])
        model = QualityModel(
            tensors["weights"], tensors["rarity"], float(card["bias"]), float(card["slope"]), float(card["shift"]),
            ngrams, int(card["rows"]), int(card["positives"]), held_out,
        )  # fmt: skip
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{folder / CARD}: {error} is wrong or missing, expected a quality model's card") from error
    expected = (0 if ngrams is None else ngrams.buckets,)
    if model.rarity.shape != expected or model.weights.ndim != 1 or (ngrams and model.weights.shape != expected):
        raise InputError(f"{folder / WEIGHTS}: weights of shape {model.weights.shape}, expected those of {CARD}")
    if model.fingerprint != card["fingerprint"]:
        raise InputError(
            f"{folder / CARD}: fingerprint is {card['fingerprint']}, that of {WEIGHTS} with it is {model.fingerprint}; "
            "expected two files of one model"
        )
    return model


def _read_card(path: Path) -> dict[str, Any]:
    try:
        card = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: not readable ({error}), expected the card of a quality model") from error
    found = card.get("format") if isinstance(card, dict) else None
    if found != FORMAT:
        raise InputError(f"{path}: format is {found!r}, expected {FORMAT}")
    return card
