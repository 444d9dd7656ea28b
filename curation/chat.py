"""Model folders and their chat templates: found, checked, fingerprinted, rendered. Nothing here loads weights."""

import json
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import xxhash

from . import chat_template, storage, tables
from .errors import InputError
from .model import Turn

_SETTINGS = (
    "config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json",
    "added_tokens.json", "vocab.json", "merges.txt", "tokenizer.model", "chat_template.jinja", "chat_template.json",
    "adapter_config.json",
)  # fmt: skip
_INDEX = "model.safetensors.index.json"
_WHENCE = frozenset({"_name_or_path", "name_or_path", "base_model_name_or_path"})  # where it was read, not what it is
_FETCHED = ["*.safetensors", "*.json", "*.jinja", "*.txt", "*.model"]


def model_folder(model: str | Path) -> Path:
    """The folder of a model: itself, or a hub name's copy in the local cache, fetched first where the hub is reachable.

    Args:
        model: a folder, or a name such as `Qwen/Qwen3-0.6B`.

    Raises:
        InputError: when there is no such folder or name, or the folder has no configuration, no tokenizer or no
            safetensors weights (pickled weights can run code when they are read, so they are refused).
    """
    folder = Path(model).expanduser()
    if not folder.exists() and _is_hub_name(str(model)):
        folder = _snapshot(str(model))
    if not folder.is_dir():
        found = "a file" if folder.exists() else "nothing"
        raise InputError(f"{model}: found {found}, expected a model folder or a hub name such as Qwen/Qwen3-0.6B")
    _check_model(folder)
    return folder


def model_fingerprint(folder: str | Path) -> str:
    """xxh3-128 over configuration, weights, tokenizer and template of a model folder, 32 hex characters.

    Settings count by their content less the paths that only say where they were read, so a moved or copied folder
    keeps its fingerprint.

    Raises:
        InputError: as `model_folder` does.
    """
    found = model_folder(folder)
    return _fingerprint(_stamps(found, "*.safetensors"))


def adapter_fingerprint(folder: str | Path) -> str:
    """The same for the folder of a LoRA adapter.

    Raises:
        InputError: when it is not a folder with `adapter_config.json` and `adapter_model.safetensors`.
    """
    found = Path(folder)
    for name in ("adapter_config.json", "adapter_model.safetensors"):
        if not (found / name).is_file():
            raise InputError(f"{found}: no {name}, expected the folder of a LoRA adapter")
    return _fingerprint(_stamps(found, "adapter_model.safetensors"))


def prompt_hash(prompt: str) -> str:
    """xxh3-128 of a prompt or prompt template, 32 hex characters, for a sample's generation record."""
    return xxhash.xxh3_128_hexdigest(prompt.encode("utf-8", "surrogatepass"))


def render(
    tokenizer: Any,
    turns: Sequence[Turn | tuple[str, str]],
    generation_prompt: bool = True,
    thinking: bool = False,
    answer: str = "",
) -> str:
    """A conversation as the text that its model was trained on.

    Args:
        tokenizer: of transformers, with a chat template.
        turns: `{"role", "content"}` or (role, content), in order.
        generation_prompt: end with the opening of the assistant's turn.
        thinking: let a model that can think aloud do so (templates with `enable_thinking`).
        answer: the start of the assistant's answer, left open behind the turns; then nothing else is opened.

    Returns:
        Text that has its special tokens already: tokenise it with `add_special_tokens=False`.

    Raises:
        InputError: when the tokenizer has no chat template.
        jinja2.TemplateError: when the template refuses the conversation (an unknown role, say), takes too long, or
            leaves out the start of the answer.
    """
    if not tokenizer.chat_template:
        raise InputError(
            f"{tokenizer.name_or_path}: the tokenizer has no chat template, expected one since conversations are "
            "asked: use the instruction-tuned model, put chat_template.jinja in its folder, or ask with raw prompts"
        )
    messages = [turn if isinstance(turn, dict) else {"role": turn[0], "content": turn[1]} for turn in turns]
    source, values = tokenizer.get_chat_template(), {**tokenizer.special_tokens_map, "enable_thinking": thinking}
    if answer:
        return chat_template.render_open(source, [*messages, {"role": "assistant", "content": answer}], values)
    return chat_template.render(source, messages, generation_prompt, values)


def _is_hub_name(model: str) -> bool:
    return model.count("/") == 1 and not model.startswith(("/", ".", "~")) and not model.endswith("/")


def _snapshot(name: str) -> Path:
    import huggingface_hub  # only for hub names: its import takes a second

    try:
        return Path(huggingface_hub.snapshot_download(name, allow_patterns=_FETCHED))
    except (OSError, ValueError, huggingface_hub.errors.HfHubHTTPError) as error:
        reason = str(error).strip().splitlines()[0]
        raise InputError(
            f"{name}: found neither a folder nor a copy in the local hub cache, and the hub gave none ({reason}); "
            "expected a model folder, or a name that can be fetched once while online"
        ) from error


def hint_within(folder: Path) -> str:
    """Where the last model of a run is, for an error about the run's folder; empty where it has none."""
    within = sorted(folder.glob("model/*/config.json"))
    return f"; there is one in {within[-1].parent}" if within else ""


def _check_model(folder: Path) -> None:
    if not (folder / "config.json").is_file():
        if (folder / "base.json").is_file():
            raise InputError(f"{folder}: found what was tuned beside a base, which can be asked through the engine "
                             "transformers, expected a whole model: it is no change of weights, so that it cannot be "
                             "merged or trained on")  # fmt: skip
        raise InputError(f"{folder}: no config.json, expected the folder of a transformers model{hint_within(folder)}")
    if not any(folder.glob("*.safetensors")):
        if any(folder.glob("*.bin")) or any(folder.glob("*.pt")) or any(folder.glob("*.pth")):
            raise InputError(
                f"{folder}: found pickled weights only, expected safetensors (reading a pickle can run code): convert "
                "a copy you trust with AutoModelForCausalLM.from_pretrained(...).save_pretrained(...)"
            )
        raise InputError(f"{folder}: a model folder without weights, expected model.safetensors")
    if (folder / _INDEX).is_file():
        try:
            shards = set(json.loads((folder / _INDEX).read_text(encoding="utf-8"))["weight_map"].values())
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise InputError(f"{folder / _INDEX}: found no table of weight files ({error!r}), expected the file of "
                             "each tensor under 'weight_map'") from error  # fmt: skip
        if missing := sorted(shard for shard in shards if not (folder / shard).is_file()):
            raise InputError(f"{folder}: no {missing[0]}, one of {len(missing)} weight files its index names")
    if not any((folder / name).is_file() for name in ("tokenizer.json", "tokenizer.model", "vocab.json")):
        raise InputError(f"{folder}: no tokenizer, expected tokenizer.json")


def _stamps(folder: Path, weights: str) -> tuple[tuple[str, int, int], ...]:
    """(path, bytes, time of change) of every file that counts: what a fingerprint already taken is looked up by."""
    files = [folder / name for name in _SETTINGS] + sorted(folder.glob(weights))
    return tuple((str(file), file.stat().st_size, file.stat().st_mtime_ns) for file in files if file.is_file())


@lru_cache(maxsize=32)
def _fingerprint(stamps: tuple[tuple[str, int, int], ...]) -> str:
    files = [Path(path) for path, _, _ in stamps]
    return tables.fingerprint({file.name: _content(file) for file in files})


def _content(file: Path) -> str:
    if not file.name.endswith("config.json"):
        return storage.digest(file)
    try:
        settings = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError(f"{file}: not JSON ({error}), expected a model's settings") from error
    return tables.fingerprint({key: value for key, value in settings.items() if key not in _WHENCE})
