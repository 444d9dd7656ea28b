"""Vocabulary expansion: new tokens learned on a corpus, each a run of old ones and started as their mean.

New joins come after all old ones (of a unigram model: a new piece is worth a little more than what it replaces), so
that a text is tokenised as before and then shortened: one in which no new token stands keeps its tokens and its logits.
With byte fallback a character that was spelled in bytes is made a token first (`merges`); encoders look it up as such.
EEVE (Kim et al. 2024, arXiv 2402.14714) then trains in stages, new rows first: see `options.tunings.Vocabulary`.
"""

import json
import os
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import xxhash
from tokenizers import Tokenizer
from transformers import AutoTokenizer

from curation import storage
from curation.errors import InputError

from .. import models
from ..data import rows as data
from ..options.run import Source
from ..options.tunings import Expansion
from .merges import Merge, learn
from .vocabulary_rows import NEW_TOKENS
from .vocabulary_words import Words

CARD = "vocabulary.json"
_COMPANIONS = ("tokenizer_config.json", "special_tokens_map.json", "chat_template.jinja", "generation_config.json")
_BATCH = 1024
_MORE = 1e-3  # by which a new piece of a unigram model beats the pieces it replaces


@dataclass(frozen=True)
class Expanded:
    """What an expansion made.

    Attributes:
        folder: the model.
        merges: the new tokens.
        card: `new_tokens`, how many were `asked` for and how often each had to stand there at `least`; places that the
            tokenizer read as its `unknown` token; `held_out_characters`, and tokens a character there `before` and
            `after`.
    """

    folder: Path
    merges: list[Merge]
    card: dict[str, Any]


def expand(model: str, corpus: Sequence[Source], out: Path, options: Expansion) -> Expanded:
    """Learn new tokens on texts and write the model with them, whole or not at all.

    Args:
        model: folder or hub name.
        corpus: its texts; the same bytes whatever the order of their rows.
        out: model folder to be made; plain, as transformers and vLLM read it, with `vocabulary.json`.
        options: how many tokens.

    Raises:
        InputError: for a tokenizer of another kind, a corpus without texts or without anything to join, or an `out`
            that is there already.
    """
    if out.exists() and any(out.iterdir()):
        raise InputError(f"{out}: the folder is not empty, expected a new folder")
    base = models.locate(model)
    if not (base / "tokenizer.json").is_file():
        raise InputError(f"{base}: no tokenizer.json, expected one, in which new tokens are written")
    settings = models.read_json(base / "tokenizer.json")
    tokenizer = Tokenizer.from_file(str(base / "tokenizer.json"))
    kind = _kind(settings, base)
    learned, held_out = _parted(_texts(corpus), options.held_out)
    reader = Words(tokenizer, settings["model"])
    words = Counter(word for texts in _batches(learned) for word in reader.read(texts))
    known = tokenizer.get_vocab()
    merges = learn(words, reader.spelled, known, options.tokens, options.least)
    if not merges:
        lost = f"; the tokenizer reads {reader.unknown} places as unknown" if reader.unknown else ""
        raise InputError(f"{', '.join(source.name for source in corpus)}: no two tokens stand together {options.least} "
                         f"times in a word, expected more text or a lower expansion.least{lost}")  # fmt: skip
    first = max(known.values()) + 1
    temporary = out.with_name(f".{out.name}.partial")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    _write_tokenizer(settings, kind, merges, first, base, temporary)
    _write_weights(base, [merge.spelled for merge in merges], first, temporary)
    card = _measured(base, temporary, held_out) | {
        "new_tokens": len(merges), "asked": options.tokens, "least": options.least, "first": first,
        "unknown": reader.unknown, "base": models.name(model, base),
    }  # fmt: skip
    shown = [{"text": tokenizer.decode(list(merge.spelled)), "saved": merge.saved} for merge in merges]
    storage.write_text(json.dumps(card | {"tokens": shown}, ensure_ascii=False, indent=1) + "\n", temporary / CARD)
    if out.is_dir():
        out.rmdir()
    os.rename(temporary, out)
    storage.sync_folder(out.parent)
    return Expanded(out, merges, card)


def _kind(settings: dict[str, Any], base: Path) -> str:
    """`BPE` or `Unigram`, the models that new tokens can be added to without changing what is there."""
    kind = settings["model"].get("type") or ("BPE" if "merges" in settings["model"] else None)
    if kind not in ("BPE", "Unigram"):
        raise InputError(f"{base}/tokenizer.json: a tokenizer of the kind {kind}, expected BPE or Unigram")
    if kind == "Unigram" and any(token["id"] >= len(settings["model"]["vocab"]) for token in settings["added_tokens"]):
        raise InputError(f"{base}/tokenizer.json: added tokens stand behind the pieces of a unigram model, whose "
                         "numbers new pieces would take; expected them among the pieces")  # fmt: skip
    return kind


def _texts(corpus: Sequence[Source]) -> list[str]:
    found = [data.load(source.path, source.text_column or "text")["text"] for source in corpus]
    texts = [text for column in found for text in column.drop_nulls().to_list() if text.strip()]
    if not texts:
        raise InputError(f"{', '.join(source.name for source in corpus)}: no texts, expected a column 'text'")
    return texts


def _parted(texts: Sequence[str], share: float) -> tuple[list[str], list[str]]:
    """Texts to learn on and texts held out, by their content: a text that stands twice is on one side."""
    limit = int(share * 2**64)
    held_out = [text for text in texts if xxhash.xxh3_64_intdigest(text.encode()) < limit]
    learned = [text for text in texts if xxhash.xxh3_64_intdigest(text.encode()) >= limit]
    return learned, held_out


def _batches(texts: Sequence[str]) -> Iterator[list[str]]:
    for begin in range(0, len(texts), _BATCH):
        yield list(texts[begin : begin + _BATCH])


def _write_tokenizer(
    settings: dict[str, Any], kind: str, merges: list[Merge], first: int, base: Path, out: Path
) -> None:
    model = settings["model"]
    if kind == "BPE":
        pairs = bool(model["merges"]) and isinstance(model["merges"][0], list)
        model["vocab"] |= {merge.text: first + number for number, merge in enumerate(merges)}
        joins = [merge.parts for merge in merges if len(merge.parts) == 2]  # a character is looked up, not joined
        model["merges"] += [list(parts) if pairs else " ".join(parts) for parts in joins]
    else:
        worth = dict(model["vocab"])
        rarest = min(worth.values())  # of a character in bytes, which has no worth that counted
        for merge in merges:
            worth[merge.text] = sum(worth[part] for part in merge.parts) + _MORE if len(merge.parts) == 2 else rarest
        model["vocab"] += [[merge.text, worth[merge.text]] for merge in merges]
    storage.write_text(json.dumps(settings, ensure_ascii=False, indent=2) + "\n", out / "tokenizer.json")
    for name in _COMPANIONS:  # not the files of older forms, which would not have the new tokens
        if (base / name).is_file():
            shutil.copyfile(base / name, out / name)
    storage.write_text(json.dumps({"first": first, "count": len(merges)}) + "\n", out / NEW_TOKENS)


@torch.no_grad()
def _write_weights(base: Path, spelled: list[tuple[int, ...]], first: int, out: Path) -> None:
    """The model with rows for the new tokens in both embeddings: the means of the rows of their old tokens."""
    model = models.causal_lm(base, models.stored_dtype(base))
    rows = max(model.config.get_text_config().vocab_size, first + len(spelled))
    model.resize_token_embeddings(rows, mean_resizing=False)
    weights = [model.get_input_embeddings().weight]
    if model.get_output_embeddings().weight is not weights[0]:
        weights.append(model.get_output_embeddings().weight)
    for weight in weights:
        for number, tokens in enumerate(spelled):
            weight[first + number] = weight[list(tokens)].float().mean(0).to(weight.dtype)
    model.save_pretrained(out)
    models.readable(out)
    if not (base / "generation_config.json").is_file():
        (out / "generation_config.json").unlink(missing_ok=True)
    else:
        shutil.copyfile(base / "generation_config.json", out / "generation_config.json")


def _measured(base: Path, out: Path, texts: list[str]) -> dict[str, Any]:
    """Tokens a character of held-out texts with the old and the new tokenizer, as transformers reads them."""
    characters = sum(map(len, texts))
    if not characters:
        return {"held_out_characters": 0, "before": None, "after": None}
    found = {}
    for name, folder in (("before", base), ("after", out)):
        tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
        ids = tokenizer(texts, add_special_tokens=False)["input_ids"]
        found[name] = round(sum(map(len, ids)) / characters, 6)
    return {"held_out_characters": characters, **found}
