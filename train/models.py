"""Model folders: found, checked before anything runs, read, and written so that any engine reads them."""

import os
import shutil
from pathlib import Path
from typing import Any

import huggingface_hub
import torch
from transformers import AutoConfig, AutoModel, AutoModelForCausalLM, AutoModelForSequenceClassification, AutoTokenizer

from curation import chat, storage, tables
from curation.errors import InputError

from . import weights
from .options import compatibility
from .weights import read_json

# Copied as they are: a tokenizer that is read and written again is not always the same tokenizer.
COMPANIONS = (
    "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "vocab.json",
    "merges.txt", "tokenizer.model", "chat_template.jinja", "generation_config.json", "new_tokens.json",
)  # fmt: skip
WANTED = ("*.json", "*.jinja", "*.model", "*.txt", "*.safetensors")
WEIGHTS = "*.safetensors"
PICKLED = ("*.bin", "*.pt", "*.pth")
_JSON = tuple(name for name in COMPANIONS if name.endswith(".json"))
ADAPTER = "adapter_config.json"


def locate(model: str) -> Path:
    """The folder of a model: the one named, or a hub model's local copy, fetched where it is not there yet.

    Raises:
        InputError: when there is no such folder or hub model, or it lacks a configuration, a tokenizer or weights, or
            one of them is damaged.
    """
    folder = Path(model)
    if not folder.is_dir():
        if folder.is_absolute() or model.startswith((".", "~")) or model.count("/") != 1:
            raise InputError(f"{model}: no such model folder")
        try:
            folder = Path(huggingface_hub.snapshot_download(model, allow_patterns=list(WANTED)))
        except (OSError, huggingface_hub.errors.HfHubHTTPError, huggingface_hub.errors.HFValidationError) as error:
            reason = str(error).splitlines()[0]
            raise InputError(f"{model}: neither a model folder nor a model the hub gives ({reason})") from error
    if not (folder / "config.json").is_file() and (folder / compatibility.STATEMENT).is_file():
        said = read_json(folder / compatibility.STATEMENT)
        raise InputError(f"{folder}: {compatibility.not_whole(str(said.get('tuning')), str(said.get('name')))}")
    if not (folder / "config.json").is_file() and (folder / ADAPTER).is_file():
        base = read_json(folder / ADAPTER).get("base_model_name_or_path")
        raise InputError(f"{folder}: found an adapter of {base}, expected a model folder: the base, or the model that "
                         "training writes beside its adapter")  # fmt: skip
    if not (folder / "config.json").is_file():
        hint = chat.hint_within(folder)
        raise InputError(f"{folder}: no config.json, expected a model folder of transformers{hint}")
    if not any(folder.glob(WEIGHTS)):
        if any(True for pattern in PICKLED for _ in folder.glob(pattern)):
            raise InputError(f"{folder}: found pickled weights only, expected safetensors (reading a pickle can run "
                             "code): convert a copy you trust with save_pretrained")  # fmt: skip
        raise InputError(f"{folder}: a model folder without weights, expected model.safetensors")
    if not any((folder / name).is_file() for name in ("tokenizer.json", "tokenizer.model", "vocab.json")):
        raise InputError(f"{folder}: a model folder without a tokenizer, expected tokenizer.json")
    for name in ("config.json", *_JSON):
        if (folder / name).is_file():
            read_json(folder / name)
    try:
        AutoConfig.from_pretrained(folder, trust_remote_code=False)
    except Exception as error:  # transformers and huggingface_hub raise what they like
        raise InputError(f"{folder}/config.json: {_reason(error)}, expected a model that transformers knows; code that "
                         "comes with a model is never run") from error  # fmt: skip
    weights.check_files(folder)
    return folder


def _reason(error: Exception) -> str:
    """What a library says is wrong, as a part of a sentence."""
    return " ".join(str(error).split())[:200].rstrip(".")


def tokenizer(folder: Path) -> Any:
    """The folder's tokenizer, which must have an end token.

    Raises:
        InputError: for files that no tokenizer can be read from, and when no end token is set, since a model tuned
            without one never stops.
    """
    try:
        loaded = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
    except Exception as error:  # tokenizers raises bare exceptions
        raise InputError(f"{folder}: no tokenizer can be read from tokenizer.json and tokenizer_config.json "
                         f"({_reason(error)}), expected one of transformers; code that comes with a model is never run"
                         ) from error  # fmt: skip
    if loaded.eos_token_id is None:
        raise InputError(f"{folder}/tokenizer_config.json: no eos_token, expected the token that ends an answer")
    return loaded


def causal_lm(folder: Path, dtype: torch.dtype = torch.float32) -> Any:
    """The folder's model in the given type.

    Raises:
        InputError: for weights that are missing, of other shapes than the configuration says, or no numbers.
    """
    model, found = _read(AutoModelForCausalLM, folder, dtype)
    weights.check_loaded(model, folder, found["missing_keys"])
    return model


def backbone(folder: Path, dtype: torch.dtype = torch.float32) -> Any:
    """The folder's model without a head.

    Raises:
        InputError: for weights that are missing, of other shapes than the configuration says, or no numbers.
    """
    model, found = _read(AutoModel, folder, dtype)
    weights.check_loaded(model, folder, found["missing_keys"])
    return model


def scoring(folder: Path, dtype: torch.dtype = torch.float32, new_head: bool = False) -> Any:
    """The folder's model with a head that gives one score.

    Args:
        folder: of the model.
        dtype: of its weights.
        new_head: whether training begins: a head that is not there is made, small and random.

    Raises:
        InputError: for weights that are missing, the head's too without `new_head`, of other shapes than the
            configuration says, or no numbers.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model, found = _read(AutoModelForSequenceClassification, folder, dtype, num_labels=1)
    weights.check_loaded(model, folder, set(found["missing_keys"]) - ({"score.weight"} if new_head else set()))
    return model


def _read(kind: Any, folder: Path, dtype: torch.dtype, **settings: Any) -> tuple[Any, dict[str, Any]]:
    """A model of transformers, and what it says of the reading."""
    try:
        return kind.from_pretrained(
            folder, dtype=dtype, trust_remote_code=False, use_safetensors=True, output_loading_info=True, **settings
        )
    except RuntimeError as error:
        if "ignore_mismatched_sizes" not in str(error):
            raise
        raise InputError(f"{folder}: found weights of other shapes than config.json says, expected both of one model"
                         ) from error  # fmt: skip


def name(model: str, folder: Path) -> str:
    """How a model is called where no path of a machine may stand: as the hub does, else by its folder's name."""
    return folder.name if Path(model).is_dir() else model


def embeddings(folder: Path) -> int | None:
    """Tokens that the model has an embedding for, none where its configuration does not say."""
    return getattr(AutoConfig.from_pretrained(folder, trust_remote_code=False).get_text_config(), "vocab_size", None)


def end_ids(folder: Path, loaded: Any) -> frozenset[int]:
    """Tokens at which generation stops: the tokenizer's end token and those that the generation settings name."""
    named: Any = None
    if (folder / "generation_config.json").is_file():
        named = read_json(folder / "generation_config.json").get("eos_token_id")
    more = [] if named is None else named if isinstance(named, list) else [named]
    return frozenset([loaded.eos_token_id, *more])


def context_length(folder: Path) -> int:
    """Positions that the model knows.

    Raises:
        InputError: when its configuration does not say.
    """
    config = AutoConfig.from_pretrained(folder, trust_remote_code=False).get_text_config()
    length = getattr(config, "max_position_embeddings", None)
    if not length:
        raise InputError(f"{folder}/config.json: no max_position_embeddings, set max_tokens")
    return int(length)


def fingerprint(folder: Path) -> str:
    """xxh3-128 over the bytes of configuration, tokenizer, template and weights."""
    names = {file.name for file in folder.glob(WEIGHTS)}
    present = sorted(name for name in {*names, *COMPANIONS, "config.json"} if (folder / name).is_file())
    return tables.fingerprint({name: storage.digest(folder / name) for name in present})


def stored_dtype(folder: Path) -> torch.dtype:
    """Type of the weights as they lie on disk, float32 where the configuration does not say."""
    named = AutoConfig.from_pretrained(folder, trust_remote_code=False).dtype
    return named if isinstance(named, torch.dtype) else torch.float32


def write(model: Any, base: Path, folder: Path) -> None:
    """Write a model's weights and configuration, and beside them its base's tokenizer, template and settings."""
    trained, model.config = model.config, AutoConfig.from_pretrained(base, trust_remote_code=False)
    if "SequenceClassification" in type(model).__name__:
        model.config.num_labels, model.config.pad_token_id = 1, trained.pad_token_id
    model.save_pretrained(folder)
    readable(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)  # made from the configuration: the base's own counts
    companions(base, folder)


def companions(base: Path, folder: Path) -> None:
    """Copy a model's tokenizer, template and settings of generation."""
    for name in COMPANIONS:
        if (base / name).is_file():
            shutil.copyfile(base / name, folder / name)


def readable(folder: Path) -> None:
    """Give weight files the permissions of any other file: safetensors writes them for their owner alone."""
    mask = os.umask(0)
    os.umask(mask)
    for file in folder.glob("*.safetensors"):
        file.chmod(0o666 & ~mask)
