"""Rows as token ids for what looks at some of them: CorDA's covariances, and the check of merging."""

from collections.abc import Sequence

import datasets

from curation.errors import InputError

from ..data import mixing
from ..data import rows as data
from ..data.encoding import Encoder
from ..data.preparation import Prepared
from ..options.run import TrainOptions

SHOWN = 4  # rows on which merging is checked
FEW = 64  # tokens of a row that stands for none


def calibration(options: TrainOptions, encoder: Encoder, prepared: Prepared) -> Sequence[Sequence[int]]:
    """The rows whose covariance `lora.corda` takes: a sample of those it names, else the first of the run's own.

    Raises:
        InputError: for rows that cannot be read or encoded, or a method whose own rows have no tokens before training.
    """
    lora = options.lora
    if options.tuning != "lora" or lora.corda == "none":
        return ()
    if lora.corda_data is not None:
        encoded = encoder.encode(data.load(lora.corda_data), lora.corda_data.name).rows
        chosen = mixing.order(encoded["row_id"].to_list(), options.seed, 0)[: lora.corda_rows]
        return encoded[chosen]["input_ids"].to_list()
    rows = _rows(prepared, lora.corda_rows)
    if rows is None:
        raise InputError(f"lora.corda_data is None, expected rows for lora.corda with the method {options.method}")
    return rows


def shown(prepared: Prepared) -> Sequence[Sequence[int]]:
    """A few rows of a run; numbers from 0 where its rows have no tokens before training."""
    return _rows(prepared, SHOWN) or [list(range(FEW))]


def _rows(prepared: Prepared, count: int) -> list[list[int]] | None:
    """Token ids of the first rows, their prompt and what follows it joined where they stand apart."""
    table = prepared.dataset
    lists = [name for name, kind in table.features.items() if _of_ids(kind)]
    wanted = [name for name in ("input_ids", "prompt_ids", "completion_ids", "chosen_ids") if name in lists]
    some = table.select(range(min(count, len(table))))
    if wanted:
        return [sum((list(row[name]) for name in wanted), []) for row in some.select_columns(wanted)]
    return None


def _of_ids(kind: object) -> bool:
    inner = getattr(kind, "feature", None)
    return isinstance(inner, datasets.Value) and inner.dtype.startswith("int")
