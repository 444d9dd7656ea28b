"""What a learned score is worth on rows that it was not trained on, with intervals."""

from statistics import NormalDist

import numpy as np

from ..metrics.intervals import wilson
from .model import HeldOut

_GROUPS = 10


def measure(probabilities: np.ndarray, labels: np.ndarray) -> HeldOut:
    """Accuracy, area under the curve and calibration of probabilities against labels 0 and 1, n > 0 of each."""
    rows, positives = len(labels), int(labels.sum())
    right = int(((probabilities >= 0.5) == (labels == 1)).sum())
    area = auc(probabilities, labels)
    low, high = (None, None) if area is None else auc_interval(area, positives, rows - positives)
    return HeldOut(
        rows, positives, right / rows, *wilson(right, rows), area, low, high,
        float(((probabilities - labels) ** 2).mean()), calibration_error(probabilities, labels),
    )  # fmt: skip


def auc(scores: np.ndarray, labels: np.ndarray) -> float | None:
    """Chance that a row labelled 1 scores above one labelled 0, ties counting half; none where one label lacks."""
    from scipy.stats import rankdata  # loaded where it is used: it takes a second

    positives = int((labels == 1).sum())
    negatives = len(labels) - positives
    if not positives or not negatives:
        return None
    ranks = rankdata(scores)[labels == 1].sum()
    return float((ranks - positives * (positives + 1) / 2) / (positives * negatives))


def auc_interval(area: float, positives: int, negatives: int, confidence: float = 0.95) -> tuple[float, float]:
    """Interval of an area under the curve, by its score (Newcombe 2006, Statistics in Medicine 25:559, method 5).

    The areas from which `area` is as far as their own standard error allows: unlike the interval of DeLong it does not
    shrink to a point at 1.
    """
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    extra = (positives + negatives) / 2 - 1

    def distance(other: float) -> float:
        spread = other * (1 - other) * (1 + extra * ((1 - other) / (2 - other) + other / (1 + other)))
        return abs(area - other) - z * (spread / (positives * negatives)) ** 0.5

    ends = []
    for outer in (0.0, 1.0):
        inner, far = area, outer  # the distance is at most zero at `inner`, and grows towards `far`
        if distance(far) <= 0:
            inner = far
        for _ in range(60):
            middle = (inner + far) / 2
            inner, far = (middle, far) if distance(middle) <= 0 else (inner, middle)
        ends.append(inner)
    return ends[0], ends[1]


def calibration_error(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Expected calibration error over ten groups of equally many rows by probability (Guo et al. 2017, section 2)."""
    order = np.argsort(probabilities, kind="stable")
    groups = [group for group in np.array_split(order, _GROUPS) if len(group)]
    gaps = [abs(float(probabilities[group].mean() - labels[group].mean())) * len(group) for group in groups]
    return sum(gaps) / len(labels)
