"""Folders of what was learned beside a base that stays as it is: prompts, prefixes and LoReFT, put onto it again.

Such a folder holds `adapter/` (of prompts and prefixes in PEFT's form), the base's tokenizer and template, and
`base.json`, which names the base and its fingerprint. Nothing of it can be merged into weights.
"""

import json
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from transformers import DynamicCache

from curation import chat, storage, weights
from curation.errors import InputError

from .. import models
from ..options import compatibility
from ..options.tunings import Loreft
from . import loreft

ADAPTER = "adapter"
SETTINGS = "adapter_config.json"
WEIGHTS = "adapter_model.safetensors"
KINDS = {"PROMPT_TUNING": "prompt", "PREFIX_TUNING": "prefix", "LOREFT": "loreft"}


@dataclass(frozen=True)
class Statement:
    """What a folder says of itself: the tuning, and the name and fingerprint of the base it belongs to."""

    tuning: str
    base: str
    fingerprint: str


def write(model: Any, tuning: str, base: Path, name: str, folder: Path) -> None:
    """Write what was learned beside a base.

    Args:
        model: the trained one: PEFT's of `prompt` and `prefix`, the base with interventions of `loreft`.
        tuning: `prompt`, `prefix` or `loreft`.
        base: its folder.
        name: its name, no path of this machine.
        folder: to be made.
    """
    adapter = folder / ADAPTER
    adapter.mkdir(parents=True)
    if tuning == "loreft":
        changes = model.loreft
        settings = {"peft_type": "LOREFT", "base_model_name_or_path": name, "layers": sorted(map(int, changes.of)),
                    "rank": len(next(iter(changes.of.values())).bias), "first": changes.first,
                    "last": changes.last}  # fmt: skip
        storage.write_text(json.dumps(settings, indent=2) + "\n", adapter / SETTINGS)
        loreft.write(changes, adapter / WEIGHTS)
    else:
        config = model.peft_config["default"]
        config.base_model_name_or_path = name
        if tuning == "prompt":  # where it started is over, and would name the tokenizer's place on this machine
            config.prompt_tuning_init, config.prompt_tuning_init_text = "RANDOM", None
            config.tokenizer_name_or_path = None
        model.save_pretrained(adapter)
        (adapter / "README.md").unlink(missing_ok=True)  # a form that nobody has filled in
    models.readable(adapter)
    models.companions(base, folder)
    statement = {"tuning": tuning, "name": name, "fingerprint": chat.model_fingerprint(base)}
    storage.write_text(json.dumps(statement, indent=1) + "\n", folder / compatibility.STATEMENT)


def statement(folder: Path) -> Statement:
    """What a folder of `write` says of itself.

    Raises:
        InputError: when it says something else than `write` does.
    """
    path = folder / compatibility.STATEMENT
    try:
        found = models.read_json(path)
        said = Statement(str(found["tuning"]), str(found["name"]), str(found["fingerprint"]))
    except (OSError, KeyError, TypeError) as error:
        raise InputError(f"{path}: {error!r}, expected tuning, name and fingerprint of a base") from error
    if said.tuning not in KINDS.values():
        raise InputError(f"{path}: tuning is {said.tuning!r}, expected one of {', '.join(KINDS.values())}")
    return said


def base_of(folder: Path, said: Statement, named: str | None = None) -> Path:
    """The base of a folder: the one named, else a model of its recorded name beside the folder, here or from the hub.

    Raises:
        InputError: when there is none, or it is another model.
    """
    if named is not None:
        return _same(chat.model_folder(named), folder, said)
    for place in (folder.parent / said.base, Path(said.base)):
        if (place / "config.json").is_file():
            return _same(chat.model_folder(place), folder, said)
    if said.base.count("/") == 1:
        return _same(chat.model_folder(said.base), folder, said)
    raise InputError(f"{folder}: was tuned beside the model {said.base!r}, which is neither beside it nor here: name "
                     "its folder as the base")  # fmt: skip


def _same(base: Path, folder: Path, said: Statement) -> Path:
    found = chat.model_fingerprint(base)
    if found != said.fingerprint:
        raise InputError(f"{base}: is not the model that {folder} was tuned beside, fingerprint {found}, expected "
                         f"{said.fingerprint}")  # fmt: skip
    return base


def fingerprint(folder: Path) -> str:
    """Of what was learned."""
    return chat.adapter_fingerprint(folder / ADAPTER)


def room(folder: Path) -> int:
    """Positions of the context that a folder takes: the tokens of a prompt or a prefix."""
    return int(_settings(folder).get("num_virtual_tokens") or 0)


def attach(model: Any, folder: Path) -> None:
    """Put what a folder of `write` holds onto its base: every pass through the model then has it.

    A pass is of rows padded on either side, with or without a cache of keys and values. Of a row that is more than a
    prompt, LoReFT must be told the prompt's length, as `prompt_tokens`.

    Raises:
        InputError: when it does not fit the model, or holds what is no number.
    """
    settings = _settings(folder)
    path = folder / ADAPTER / WEIGHTS
    weights.check_finite(path.parent)
    try:
        if settings["peft_type"] == "LOREFT":
            options = Loreft(settings["rank"], settings["first"], settings["last"], tuple(settings["layers"]))
            changes = loreft.read(path, model.config.get_text_config().hidden_size, options)
            loreft.hook(model, changes.to(model.device))
            return
        learned = load_file(path)["prompt_embeddings"].to(model.device)
    except (OSError, KeyError, TypeError, SafetensorError) as error:
        raise InputError(f"{path}: {' '.join(str(error).split())[:300]}, expected what tuning wrote") from error
    prompt = settings["peft_type"] == "PROMPT_TUNING"
    config = model.config.get_text_config()
    width = config.hidden_size if prompt else 2 * config.num_hidden_layers * _heads(config)[0] * _heads(config)[1]
    if tuple(learned.shape) != (settings["num_virtual_tokens"], width):
        raise InputError(f"{path}: found numbers of shape {tuple(learned.shape)}, expected "
                         f"({settings['num_virtual_tokens']}, {width}) for this base")  # fmt: skip
    before = _Prompt(learned) if prompt else _Prefix(learned, config)
    model.register_forward_pre_hook(before.put, with_kwargs=True)


def _settings(folder: Path) -> dict[str, Any]:
    path = folder / ADAPTER / SETTINGS
    try:
        settings = models.read_json(path)
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: {error}, expected the settings of what was tuned") from error
    if settings.get("peft_type") not in KINDS:
        raise InputError(f"{path}: peft_type is {settings.get('peft_type')!r}, expected one of {', '.join(KINDS)}")
    return settings


def _heads(config: Any) -> tuple[int, int]:
    """Heads of keys and values, and the dimension of each."""
    heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
    return heads, getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads


class _Before(ABC):
    """What stands before every row: seen by all of its tokens, whose positions it moves."""

    tokens: int

    def put(self, model: Any, given: Sequence[Any], named: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Before a pass: lengthen the mask, move the positions, and at the start of a row put in what was learned."""
        named.pop("prompt_tokens", None)
        ids = given[0] if given else named.pop("input_ids")
        mask = named.get("attention_mask")
        mask = torch.ones_like(ids) if mask is None else mask
        mask = torch.cat([mask.new_ones(len(mask), self.tokens), mask], dim=1)
        places = (mask.cumsum(-1) - 1).clamp(min=0)
        cache = named.get("past_key_values")
        width = ids.shape[1]
        if cache is None or not cache.get_seq_length():
            width += self.begin(model, ids, named)
        else:
            named["input_ids"] = ids
        return (), {**named, "attention_mask": mask, "position_ids": places[:, -width:]}

    @abstractmethod
    def begin(self, model: Any, ids: torch.Tensor, named: dict[str, Any]) -> int:
        """Put what was learned before a row's tokens; by how many positions the pass is longer."""


class _Prompt(_Before):
    """Embeddings of shape (tokens, hidden)."""

    def __init__(self, learned: torch.Tensor) -> None:
        self.learned, self.tokens = learned, len(learned)

    def begin(self, model: Any, ids: torch.Tensor, named: dict[str, Any]) -> int:
        embedded = model.get_input_embeddings()(ids)
        prompts = self.learned.to(embedded.dtype).expand(len(ids), -1, -1)
        named["inputs_embeds"] = torch.cat([prompts, embedded], dim=1)
        return self.tokens


class _Prefix(_Before):
    """Keys and values of shape (tokens, layers * 2 * heads * head dimension), as PEFT lays them out."""

    def __init__(self, learned: torch.Tensor, config: Any) -> None:
        heads, size = _heads(config)
        self.tokens, self.config = len(learned), config
        self.learned = learned.view(self.tokens, config.num_hidden_layers, 2, heads, size).permute(1, 2, 3, 0, 4)

    def begin(self, model: Any, ids: torch.Tensor, named: dict[str, Any]) -> int:
        if named.get("past_key_values") is None:
            named["past_key_values"] = DynamicCache(config=self.config)
        for number, (keys, values) in enumerate(self.learned.to(model.dtype)):
            rows = (len(ids), -1, -1, -1)
            named["past_key_values"].update(keys.expand(rows), values.expand(rows), number)
        named["input_ids"] = ids
        return 0
