"""Make the seed model of the demo: `python -m pipelines.demo.make_seed_model --out FOLDER --steps N`.

Deterministic: the same steps, seed and thread count on the same kind of machine give the same weights. The number of
steps decides the result, never the clock.
"""

import argparse
import json
import math
import random
import time
from collections.abc import Sequence
from pathlib import Path

import torch
from transformers import GenerationConfig, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from . import seed_tokenizer
from .seed_corpus import Mix, Piece, sample_texts, step_documents
from .skills.vocabulary import KOREAN, NOUNS, OPPOSITE

STEPS = 5000
PEAK_RATE, FINAL_RATE, WARM_UP = 3e-3, 3e-5, 150
WEIGHT_DECAY, CLIP = 0.05, 1.0
SAMPLED_DOCUMENTS, FREQUENT = 3000, 60  # of each kind for the tokenizer; times a word is seen to be a token
SMALLEST_BATCH, LENGTH_RATIO = 300, 1.4  # tokens; longest to shortest document in a batch that is large enough
_IGNORED = -100


def build_model(tokenizer: PreTrainedTokenizerFast) -> LlamaForCausalLM:
    """A Llama of about one million parameters with heads of dimension 32, the smallest vLLM's CPU kernels take."""
    config = LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=128, intermediate_size=384, num_hidden_layers=4, num_attention_heads=4,
        num_key_value_heads=4, head_dim=32, max_position_embeddings=seed_tokenizer.CONTEXT, tie_word_embeddings=True,
        bos_token_id=tokenizer.bos_token_id, eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id,
        initializer_range=0.04,
    )  # fmt: skip
    model = LlamaForCausalLM(config)
    model.generation_config = GenerationConfig(
        bos_token_id=tokenizer.bos_token_id, eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id
    )
    return model


def learning_rate(step: int, steps: int) -> float:
    """Linear warm-up, then a cosine from the peak to the final rate."""
    if step < WARM_UP:
        return PEAK_RATE * (step + 1) / WARM_UP
    done = (step - WARM_UP) / max(1, steps - WARM_UP)
    return FINAL_RATE + (PEAK_RATE - FINAL_RATE) * 0.5 * (1 + math.cos(math.pi * done))


def batches_of(
    documents: Sequence[list[Piece]], tokenizer: PreTrainedTokenizerFast
) -> list[tuple[torch.Tensor, torch.Tensor, torch.Tensor]]:
    """Batches of documents of about the same length, so that little of what is computed is padding.

    Each batch is token ids, next-token labels and loss weights, (documents, longest) each, padded on the right.
    """
    rows = sorted(_encode(documents, tokenizer), key=lambda row: len(row[0]))
    groups: list[list[tuple[list[int], list[float]]]] = []
    for row in rows:
        group = groups[-1] if groups else []
        full = sum(len(ids) for ids, _ in group) > SMALLEST_BATCH
        if not group or (full and len(row[0]) > LENGTH_RATIO * len(group[0][0])):
            groups.append([])
        groups[-1].append(row)
    return [_tensors(group, tokenizer.pad_token_id) for group in groups]


def _encode(
    documents: Sequence[list[Piece]], tokenizer: PreTrainedTokenizerFast
) -> list[tuple[list[int], list[float]]]:
    """Token ids and loss weights of each document."""
    pieces = [piece for document in documents for piece in document]
    encoded = iter(tokenizer([text for text, _ in pieces], add_special_tokens=False)["input_ids"])
    rows: list[tuple[list[int], list[float]]] = []
    for document in documents:
        ids: list[int] = []
        weights: list[float] = []
        for _, weight in document:
            tokens = next(encoded)
            ids += tokens
            weights += [weight] * len(tokens)
        rows.append((ids, weights))
    return rows


def _tensors(rows: list[tuple[list[int], list[float]]], pad: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    longest = max(len(ids) for ids, _ in rows)
    inputs = torch.full((len(rows), longest), pad)
    labels = torch.full((len(rows), longest), _IGNORED)
    loss_weights = torch.zeros(len(rows), longest)
    for row, (ids, weights) in enumerate(rows):
        inputs[row, : len(ids)] = torch.tensor(ids)
        labels[row, : len(ids) - 1] = torch.tensor(ids[1:])
        loss_weights[row, : len(ids) - 1] = torch.tensor(weights[1:])
    return inputs, labels, loss_weights


def train(
    model: LlamaForCausalLM,
    tokenizer: PreTrainedTokenizerFast,
    steps: int,
    seed: int,
    mix: Mix,
    checkpoint: tuple[Path, int] | None = None,
) -> dict[str, float]:
    """Train in place; returns steps, tokens read and seconds. `checkpoint`: a folder, saved every so many steps."""
    decayed = [p for p in model.parameters() if p.dim() > 1]
    others = [p for p in model.parameters() if p.dim() <= 1]
    optimizer = torch.optim.AdamW(
        [{"params": decayed, "weight_decay": WEIGHT_DECAY}, {"params": others, "weight_decay": 0.0}],
        lr=PEAK_RATE, betas=(0.9, 0.98), fused=True,
    )  # fmt: skip
    model.train()
    started, tokens = time.perf_counter(), 0
    for step in range(steps):
        batches = batches_of(step_documents(seed, step, mix), tokenizer)
        total = sum(float(weights.sum()) for _, _, weights in batches)
        step_loss = 0.0
        for inputs, labels, weights in batches:
            kept = weights.reshape(-1) > 0
            hidden = model.model(input_ids=inputs).last_hidden_state.reshape(-1, model.config.hidden_size)
            logits = model.lm_head(hidden[kept])
            each = torch.nn.functional.cross_entropy(logits, labels.reshape(-1)[kept], reduction="none")
            loss = (each * weights.reshape(-1)[kept]).sum() / total
            loss.backward()
            step_loss += float(loss.detach())
            tokens += int((inputs != tokenizer.pad_token_id).sum())
        torch.nn.utils.clip_grad_norm_(model.parameters(), CLIP)
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step, steps)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        if step % 50 == 49:
            seconds = time.perf_counter() - started
            rate = f"{tokens} tokens, {tokens / seconds:.0f}/s, {seconds:.0f} s"
            print(f"step {step + 1}/{steps} loss {step_loss:.3f} {rate}", flush=True)
        if checkpoint is not None and (step + 1) % checkpoint[1] == 0:
            save(model, tokenizer, checkpoint[0])
    model.eval()
    return {"steps": steps, "tokens": tokens, "seconds": round(time.perf_counter() - started, 1)}


def save(model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, folder: Path) -> None:
    """Write weights, configuration, generation settings, tokenizer and chat template as a plain model folder."""
    folder.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def main(arguments: Sequence[str] | None = None) -> None:
    """Train the seed model, save it, and write how it was made to `training.json` beside it."""
    parser = argparse.ArgumentParser(description="Make the seed model of the demo.")
    parser.add_argument("--out", type=Path, required=True, help="folder the model is written to")
    parser.add_argument("--steps", type=int, default=STEPS, help="training steps")
    parser.add_argument("--seed", type=int, default=0, help="seed of weights and data")
    parser.add_argument("--threads", type=int, default=1, help="threads of torch; the result depends on it")
    parser.add_argument("--checkpoint-every", type=int, default=500, help="steps between saves to the folder")
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    random.seed(options.seed)
    torch.use_deterministic_algorithms(True)
    tokenizer = seed_tokenizer.learn(
        sample_texts(options.seed, SAMPLED_DOCUMENTS), [*OPPOSITE, *KOREAN, *NOUNS, "odd", "even"], FREQUENT
    )
    model = build_model(tokenizer)
    print(f"{model.num_parameters()} parameters, {len(tokenizer)} tokens in the vocabulary", flush=True)
    made = train(model, tokenizer, options.steps, options.seed, Mix(), (options.out, options.checkpoint_every))
    save(model, tokenizer, options.out)
    record = made | {"seed": options.seed, "threads": options.threads, "parameters": model.num_parameters()}
    (options.out / "training.json").write_text(json.dumps(record, indent=2) + "\n")
    print(json.dumps(record), flush=True)


if __name__ == "__main__":
    main()
