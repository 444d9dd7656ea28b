"""What the layer over vLLM costs, what the cache saves, and what of shared prompts is not computed again, in one run.

    python -m benchmarks.engines [--model MODEL] [--requests 1024] [--rounds 5] [--chunk CHUNK]

All arms use one open engine and the same requests: chats that differ and few-shot prompts. Each begins with texts and
ends with texts and tokens:

- `bare` is the script that one would write: conversations go through the tokenizer's own chat template, raw prompts are
  given as they are, sampling parameters are made, and `vllm.LLM.generate` is called once with all of them;
- `ours` renders, tokenises and looks requests up, generates chunk by chunk and commits each to a new cache file;
- `again` asks the same of that file;
- `tokens` is bare's one call alone: finished tokens and parameters are given to it for nothing.

Answers must be equal but for one in fifty: other neighbours in a batch change the last bits of a logit, and so, rarely,
a token. The arms take turns in going first; `cost` is the median over the rounds of what ours took over
what the other arm took in that round, by the clock and by processor time, which other work on the machine disturbs
less; before and after it stand the quartiles.
"""

import argparse
import cProfile
import itertools
import json
import os
import pstats
import random
import statistics
import tempfile
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

os.environ.setdefault("HF_HUB_OFFLINE", "1")

from curation.model import Request, Sampling
from synth import prompts
from synth.engines.cache import Cached
from synth.engines.engine import Progress
from synth.engines.options import EngineOptions
from synth.engines.vllm import VllmEngine, _parameters

SEED_MODEL = Path(__file__).resolve().parents[1] / "pipelines" / "demo" / "seed_model"
WORDS = ["cat", "dog", "sun", "moon", "tree", "house", "river", "stone", "bird", "하늘", "바다", "나무", "사람", "마음"]


class Counting(VllmEngine):
    """The engine, which notes how many tokens of prompts vLLM found in its prefix cache."""

    asked = found = 0

    def _run(self, sent: list[tuple[int, ...]], parameters: list[Any], adapter: Any, progress: Progress | None) -> list:
        outputs = super()._run(sent, parameters, adapter, progress)
        self.asked += sum(map(len, sent))
        self.found += sum(output.num_cached_tokens for output in outputs)
        return outputs


def demonstrations(count: int, length: int) -> list[dict[str, str]]:
    rng = random.Random(11)
    inputs = [" ".join(rng.choices(WORDS, k=length)) for _ in range(count)]
    return [{"input": text, "output": " ".join(reversed(text.split()))} for text in inputs]


def pairs(demos: Sequence[dict[str, str]], samples: int, tokens: int) -> list[Request]:
    """SSR's requests: every ordered pair of demonstrations, several samples of each."""
    template = prompts.load("few_shot.en")
    sampling = Sampling(tokens, 0.9, 0.6, repetition_penalty=1.2, stop=(prompts.FEW_SHOT_STOP,), seed=1)
    return [
        Request(f"{first['input']}|{second['input']}", template.render({"demos": [first, second]}), sampling, sample)
        for first, second in itertools.permutations(demos, 2) for sample in range(samples)
    ]  # fmt: skip


DEFINITIONS = (
    "You are given a row of words. Give back the same words in the reverse order. Separate them by single spaces, add "
    "none and leave none out, also where one stands there twice.",
    "낱말 몇 개가 한 줄에 있습니다. 같은 낱말을 거꾸로 된 차례로 적으세요. 낱말 사이는 한 칸씩 띄우고, 더하거나 빼지 "
    "마세요.",
)


def definitions(inputs: int, tokens: int) -> list[Request]:
    """Tasks of SuperNI's form: the definition of a task, then one of its inputs; task after task, input after input."""
    rng = random.Random(7)
    texts = [" ".join(rng.choices(WORDS, k=9)) for _ in range(inputs)]
    return [
        Request(f"{task}/{place}", (("user", f"{definition}\n\n{text}"),), Sampling(tokens))
        for place, text in enumerate(texts) for task, definition in enumerate(DEFINITIONS)
    ]  # fmt: skip


def chats(count: int, tokens: int) -> list[Request]:
    rng = random.Random(5)
    return [
        Request(f"chat {place}", (("user", f"Reverse the order of the words: {' '.join(rng.choices(WORDS, k=9))}"),),
                Sampling(tokens))
        for place in range(count)
    ]  # fmt: skip


class Watch:
    """Seconds since it was made: by the clock, and of this process's threads."""

    def __init__(self) -> None:
        self._clock, self._processor = time.perf_counter(), time.process_time()

    def read(self) -> tuple[float, float]:
        return time.perf_counter() - self._clock, time.process_time() - self._processor


def bare(engine: Counting, requests: list[Request], seeds: list[int | None]) -> tuple[tuple[float, float], list]:
    """What a user's own script does with the same texts."""
    from vllm import SamplingParams

    llm, tokenizer = engine._llm, engine._llm.get_tokenizer()
    llm.reset_prefix_cache()
    watch = Watch()
    sent: list[Any] = []
    parameters = []
    for request, seed in zip(requests, seeds, strict=True):
        if isinstance(request.prompt, str):
            sent.append(request.prompt)
        else:
            turns = [{"role": role, "content": content} for role, content in request.prompt]
            tokens = tokenizer.apply_chat_template(turns, add_generation_prompt=True, return_dict=False)
            sent.append({"prompt_token_ids": tokens})
        asked = request.sampling
        parameters.append(SamplingParams(
            max_tokens=asked.max_tokens, temperature=asked.temperature, top_p=asked.top_p, top_k=asked.top_k,
            repetition_penalty=asked.repetition_penalty, stop=list(asked.stop), seed=seed,
        ))  # fmt: skip
    outputs = llm.generate(sent, parameters, use_tqdm=False)
    answers = [(output.outputs[0].text, tuple(output.outputs[0].token_ids)) for output in outputs]
    return watch.read(), answers


def tokens(engine: Counting, requests: list[Request]) -> tuple[tuple[float, float], list]:
    """One call with everything made before the watch starts."""
    made = [engine.prompt(request) for request in requests]
    sent = [{"prompt_token_ids": list(prompt.token_ids)} for prompt in made]
    parameters = [_parameters(prompt) for prompt in made]
    engine._llm.reset_prefix_cache()
    watch = Watch()
    outputs = engine._llm.generate(sent, parameters, use_tqdm=False)
    answers = [(output.outputs[0].text, tuple(output.outputs[0].token_ids)) for output in outputs]
    return watch.read(), answers


def ours(engine: Counting, requests: list[Request], file: Path, chunk: int) -> tuple[tuple[float, float], list]:
    cached = Cached(engine, file, chunk)
    watch = Watch()
    answers = [(response.text, response.token_ids) for response in cached.generate(requests)]
    seconds = watch.read()
    cached.close()
    return seconds, answers


def shares(engine: Counting, tokens: int) -> dict[str, Any]:
    """Prompt tokens in the prefix cache: SSR's pairs with short and with long demonstrations, a definition a task."""
    found = {}
    for name, requests in (
        ("short", pairs(demonstrations(8, 8), 3, tokens)),
        ("long", pairs(demonstrations(8, 60), 3, tokens)),
        ("definitions", definitions(64, tokens)),
    ):
        engine.asked = engine.found = 0
        list(engine.generate(requests))
        found[name] = {"requests": len(requests), "prompt_tokens": engine.asked, "found": engine.found,
                       "share": round(engine.found / engine.asked, 3)}  # fmt: skip
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default=str(SEED_MODEL))
    parser.add_argument("--requests", type=int, default=1024)
    parser.add_argument("--tokens", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--chunk", type=int, help="requests of a chunk; what a run takes unless given")
    parser.add_argument("--profile", action="store_true", help="show what our arm spends its time on")
    options = parser.parse_args()
    engine = Counting(options.model, EngineOptions())
    chunk = options.chunk or engine.chunk
    half = options.requests // 2
    requests = chats(half, options.tokens) + pairs(demonstrations(16, 8), 3, options.tokens)[: options.requests - half]
    seeds = [engine.prompt(request).seed for request in requests]
    times: dict[str, list[tuple[float, float]]] = {"bare": [], "tokens": [], "ours": [], "again": []}
    with tempfile.TemporaryDirectory() as folder:
        ours(engine, requests[:64], Path(folder) / "warm", 64)
        bare(engine, requests[:64], seeds[:64])
        for number in range(options.rounds):
            file = Path(folder) / f"{number}.sqlite"
            arms = {
                "ours": partial(ours, engine, requests, file, chunk),
                "bare": partial(bare, engine, requests, seeds),
                "tokens": partial(tokens, engine, requests),
            }
            order = list(arms) if number % 2 else list(arms)[::-1]
            made = {name: arms[name]() for name in order}
            made["again"] = ours(engine, requests, file, chunk)
            for name, (seconds, answers) in made.items():
                times[name].append(seconds)
                differing = sum(one != other for one, other in zip(answers, made["bare"][1], strict=True))
                assert differing <= len(requests) // 50, f"{differing} answers differ"
        if options.profile:
            profile = cProfile.Profile()
            profile.runcall(ours, engine, requests, Path(folder) / "profile", chunk)
            pstats.Stats(profile).sort_stats("cumulative").print_stats(45)
    lengths = [len(ids) for _, ids in made["bare"][1]]

    def ratios(over: str, which: int) -> list[float]:
        return [one[which] / other[which] for one, other in zip(times["ours"], times[over], strict=True)]

    def cost(over: str) -> dict[str, list[float]]:
        """Quartiles over the rounds."""
        return {name: [round(one - 1, 4) for one in statistics.quantiles(ratios(over, which), method="inclusive")]
                for which, name in enumerate(("clock", "processor"))}  # fmt: skip

    print(json.dumps({
        "engine": engine.name, "requests": len(requests), "chunk": chunk, "tokens": sum(lengths),
        "mean_length": round(statistics.mean(lengths), 1), "longest": max(lengths),
        "seconds": {name: [round(one, 3) for one, _ in seconds] for name, seconds in times.items()},
        "processor_seconds": {name: [round(one, 3) for _, one in seconds] for name, seconds in times.items()},
        "tokens_per_second": {name: round(sum(lengths) / min(times[name])[0]) for name in ("bare", "ours")},
        "cost": {"bare": cost("bare"), "tokens": cost("tokens")},
        "again": round(statistics.median(ratios("again", 0)), 1),
        "prefix_cache": shares(engine, options.tokens),
    }, indent=1))  # fmt: skip
    engine.close()


if __name__ == "__main__":
    main()
