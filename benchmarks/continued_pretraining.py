"""Continued pretraining of a small pretrained story model on medical answers, with and without replay.

    python -m benchmarks.continued_pretraining --data DATA --out runs/stories

DATA is the shared data folder. The model has no chat template, so nothing is distilled; the other steps are the
demo's: curate, train, evaluate. It shows bits per byte on stories and on medicine, before and after. No stories that
the model was trained on are at hand: both the replay and the held-out stories are its own samples from the start
token, of different seeds, so "forgetting" here is how far the model moved from what it used to write.
"""

import argparse
import gzip
import json
from pathlib import Path

import xxhash
import yaml

from curation import storage
from curation.model import Request, Sampling
from pipelines.recipe import load
from pipelines.report import summary
from pipelines.runner import run_recipe
from synth.engines import EngineOptions, open_engine

SEED = 17
TEST_ONE_IN = 20
STORY_TOKENS = 250


def stories(model: Path, name: str, count: int, seed: int) -> list[str]:
    """Samples of the model from its start token, at temperature 1."""
    sampling = Sampling(max_tokens=STORY_TOKENS, temperature=1.0, seed=seed)
    requests = [Request(f"{name}-{number}", "", sampling) for number in range(count)]
    with open_engine("auto", str(model), EngineOptions()) as engine:
        made = {response.id: response.text for response in engine.generate(requests)}
    return [made[request.id].strip() for request in requests if made[request.id].strip()]


def medicine(data: Path) -> tuple[list[dict], list[dict]]:
    """Answers of medquad, split by the page they come from."""
    train, test = [], []
    with gzip.open(data / "corpora/medquad-qa.jsonl.gz", "rt", encoding="utf-8") as stream:
        for line in stream:
            row = json.loads(line)
            held_out = xxhash.xxh3_64_intdigest(row["url"].encode()) % TEST_ONE_IN == 0
            (test if held_out else train).append(row)
    return train, test


def write(rows: list[dict], path: Path) -> str:
    storage.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), path)
    return path.name


def tasks(name: str, texts: list[str], sources: list[str]) -> list[dict]:
    return [
        {"id": f"{name}-{number}", "task": name, "metric": "bits_per_byte", "text": text, "source": source}
        for number, (text, source) in enumerate(zip(texts, sources, strict=True))
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=300)
    options = parser.parse_args()
    model = (options.data / "models/stories260k").resolve()
    inputs = options.out / "inputs"
    train, test = medicine(options.data)
    held_out, replay = stories(model, "test", 200, SEED), stories(model, "replay", 600, SEED + 1)
    examined = [row for row in test if len(row["answer"]) > 200][:200]
    arm = {"job": "train", "model": str(model), "method": "cpt", "tuning": "full", "steps": options.steps,
           "batch_size": 4, "learning_rate": 5e-4, "over_long": "split", "threads": 1}  # fmt: skip
    recipe = {
        "name": "continued pretraining",
        "seed": SEED,
        "steps": {
            "corpus": {
                "job": "curate",
                "inputs": [write(train, inputs / "medicine.jsonl")],
                "text_column": "answer",
                "rules": {"length": {"low": 50}},
            },
            "plain": {**arm, "data": [{"path": "step:corpus", "weight": 1}]},
            "replayed": {
                **arm,
                "data": [
                    {"path": "step:corpus", "weight": 0.7},
                    {"path": write([{"text": text} for text in replay], inputs / "replay.jsonl"), "weight": 0.3},
                ],
            },
            "examined": {
                "job": "evaluate",
                "models": {"base": str(model), "plain": "step:plain", "with replay": "step:replayed"},
                "tasks": [
                    write(tasks("stories", held_out, [str(n) for n in range(len(held_out))]), inputs / "stories.jsonl"),
                    write(tasks("medicine", [row["answer"] for row in examined], [row["url"] for row in examined]),
                          inputs / "held-out.jsonl"),
                ],
                "new_tasks": ["medicine"],
            },
        },
    }  # fmt: skip
    storage.write_text(yaml.safe_dump(recipe, sort_keys=False), inputs / "recipe.yaml")
    run_recipe(load(inputs / "recipe.yaml"), options.out, print)
    print("\n".join(summary(options.out)))


if __name__ == "__main__":
    main()
