"""PPO with a critic, a frozen reference, rewards at the end of answers, and a term for old skills (PPO-ptx).

Ouyang et al. 2022 (arXiv 2203.02155, section 3.5 and appendix C); Schulman et al. 2017 (arXiv 1707.06347). TRL has no
PPO any more.
"""

import math
import time
from dataclasses import replace

import polars as pl
import torch
from datasets import Dataset

from curation.errors import InputError

from ... import models
from ...data import mixing, preparation
from ...data import rows as data
from ...data.encoding import Encoder
from ...data.preparation import Prepared
from ...devices import processes
from ...losses import policy
from ...options.run import Source, TrainOptions
from .. import prompted
from ..drawn import checked, row_seeds, seed_step
from ..rewards import Rewards, len_of, padding_id
from ..setup import Progress, Setup, Trained
from . import state
from .actors import Actors, Separate
from .rollout import Rollout, answers_of, draw, generation_config, observe, whitened_advantages
from .shared import Shared
from .update import Old, learner, update


def prepare(options: TrainOptions, encoder: Encoder) -> Prepared:
    """The prompts of every step and, with `ppo.ptx`, beside each a row of old skills: `old_ids` and `old_labels`.

    Raises:
        InputError: for prompts or old rows that cannot be read, and options that do not go together.
    """
    size, parts, several = options.batch_size, options.ppo.minibatches, processes.count()
    if size % (parts * several) or (options.micro_batch_size and _share(options) % options.micro_batch_size):
        more = f" for each of {several} processes" if several > 1 else ""
        raise InputError(f"ppo.minibatches is {parts}, expected a divisor of batch_size {size} that leaves whole micro "
                         f"batches{more}")  # fmt: skip
    if options.ppo.kl_target is not None and not options.reinforcement.price(options.ppo.kl_in == "loss"):
        raise InputError("reinforcement.kl_weight is 0, expected a number above 0 with ppo.kl_target, which doubles it")
    prepared = prompted.prepare(options, encoder)
    if not options.ppo.ptx:
        return prepared
    sources = tuple(Source(path, name=f"ptx/{path.name}") for path in options.ppo.ptx)
    preparation.named_apart((*options.data, *sources))
    old = preparation.mixed(
        replace(options, data=sources, steps=prepared.steps), [_old(source, options, encoder) for source in sources]
    )
    columns = {name: old.dataset[name] for name in old.dataset.column_names}
    dataset = Dataset.from_polars(pl.concat(
        [prepared.dataset.to_polars(), pl.DataFrame(columns, schema={name: pl.List(pl.Int32) for name in columns})],
        how="horizontal",
    ))  # fmt: skip
    return Prepared(dataset, prepared.steps, prepared.tokens + old.tokens, prepared.sources | old.sources,
                    pl.concat([prepared.ledger, old.ledger]))  # fmt: skip


def run(given: Setup) -> Trained:
    """Train: in every step answers are drawn, rewarded and learned from."""
    options, prepared = given.options, given.prepared
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    end_ids = models.end_ids(given.tuned.folder, given.tokenizer)
    torch.manual_seed(options.seed)  # of adapters' first values
    actors: Actors = (Shared if options.ppo.shared else Separate)(given, end_ids, device)
    pad = padding_id(given.tokenizer, end_ids, len_of(actors.policy))
    micro = options.micro_batch_size or _share(options)
    own = processes.own(options.batch_size)  # prompts of a step that this process answers
    rewards = Rewards(options.reinforcement, actors.scorers, checked(prepared))
    config = generation_config(options.reinforcement, end_ids, pad)
    learn = learner(actors, options, prepared.steps)
    log: state.Log = {} if given.checkpoint is None else state.load(given.checkpoint, learn)
    begun, passed, started = len(log.get("loss", ())), 0, time.monotonic()
    for step in range(begun + 1, prepared.steps + 1):
        rows = prepared.dataset.select(range((step - 1) * options.batch_size, step * options.batch_size)).to_list()
        with torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"):
            seeds = row_seeds(options.seed, step, len(rows))[own]
            drawn = draw(actors.policy, [row["input_ids"] for row in rows[own]], config, micro, device, seeds)
            answers = answers_of(rows[own], drawn, given.tokenizer, end_ids)
            seed_step(options.seed, step)  # each process has drawn as long as its answers are
            actors.learning(True)
            rollout = observe(actors, rewards, answers, pad, micro, options.reinforcement.temperature, device)
            price = _price(options, log)
            in_loss = options.ppo.kl_in == "loss"
            gains, returns = whitened_advantages(rollout, 0.0 if in_loss else price, options.ppo.gamma, options.ppo.lam)
            old = (
                Old([row["old_ids"] for row in rows], [row["old_labels"] for row in rows]) if options.ppo.ptx else None
            )
            found = update(actors, learn, rollout, gains, returns, old, options, pad, micro, price if in_loss else 0.0)
            actors.learning(False)
        for name, value in (found | _measures(rollout, returns) | {"kl_weight": price}).items():
            log.setdefault(name, []).append(value)
        if not math.isfinite(found["loss"]):
            break  # the frame says so
        passed += int(rollout.attention.sum())
        if given.progress is not None and processes.first():
            rate = passed / max(time.monotonic() - started, 1e-9)
            given.progress(Progress(step, prepared.steps, rate, found["loss"]))
        if step % options.checkpoint_steps == 0 and step < prepared.steps:
            state.save(given.state, step, learn, log)
    losses = log.pop("loss")
    return Trained(actors.result(), losses, log)


def _share(options: TrainOptions) -> int:
    """Rows of a minibatch that each process has."""
    return options.batch_size // options.ppo.minibatches // processes.count()


def _price(options: TrainOptions, log: state.Log) -> float:
    """What leaving the start costs in the next step, from what the steps before were like."""
    least, target = options.reinforcement.price(options.ppo.kl_in == "loss"), options.ppo.kl_target
    if target is None or not log:
        return least
    return policy.price(log["kl_weight"][-1], log["kl_answer"][-1], target, least)


def _measures(rollout: Rollout, returns: torch.Tensor) -> dict[str, float]:
    """What is kept of a step's answers."""
    mask = rollout.mask
    left = (rollout.log_probs - rollout.reference) * mask
    wrong, spread = ((values[mask]).var(correction=0) for values in (returns - rollout.values, returns))
    return {
        "reward": float(rollout.scores.mean()),
        **{f"reward_{name}": float(scores.mean()) for name, scores in rollout.parts.items()},
        "kl": float(policy.masked_mean(left, mask)),  # nats a token
        "kl_answer": float(left.sum(1).mean()),  # nats an answer
        "value_explained_variance": float(1 - wrong / spread) if spread > 0 else 0.0,
        "length": float(mask.sum(1).float().mean()),
        "ended": rollout.ended,
    }


def _old(source: Source, options: TrainOptions, encoder: Encoder) -> preparation.Part:
    """Old rows, encoded as for fine-tuning."""
    found = data.load(source.path)
    encoded = encoder.encode(found, source.name)
    frame = encoded.rows
    frame = frame[mixing.order(frame["row_id"].to_list(), options.seed, 0)]
    lengths = frame["input_ids"].list.len().cast(pl.Int64).to_numpy()
    digest = preparation.digest(frame, ("input_ids", "labels"))
    named = frame.select(old_ids="input_ids", old_labels="labels")
    return preparation.part(named, frame["row_id"].to_list(), lengths, lengths, found.height, digest, encoded.ledger)
