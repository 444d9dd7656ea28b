"""Continued pretraining of a small pretrained story model on medical answers, with and without replay.

    python -m benchmarks.continued_pretraining --data DATA --out runs/stories

DATA is the shared data folder. The model has no chat template, so nothing is distilled; the other steps are the
demo's: curate, train, evaluate. It shows bits per byte on stories and on medicine, before and after. No stories that
the model was trained on are at hand: both the replay and the held-out stories are its own samples from the start
token, of different seeds, so "forgetting" here is how far the model moved from what it used to write. Beside them stand
a few stories that were written for this benchmark.
"""

import argparse
import gzip
import json
from collections.abc import Sequence
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
WRITTEN = (  # written for this benchmark: no model has seen them
    "Once upon a time, there was a little duck named Dot. Dot wanted to swim to the other side of the pond, but she "
    "was scared. Her mom said, \"I will swim next to you.\" Dot jumped in and kicked her feet. She got to the other "
    "side and said, \"I did it!\" Her mom was very proud.",
    "Ben had a red kite. One windy day, the string broke and the kite flew into a tall tree. Ben was sad and started "
    "to cry. A big boy saw him and climbed up the tree. He gave the kite back to Ben. \"Thank you!\" said Ben. They "
    "played together until the sun went down.",
    "One day, Mia found a small seed in the garden. She put it in a pot and gave it water every day. Nothing happened, "
    "but Mia did not stop. After many days, a green leaf came out. \"Look, Dad!\" she said. Dad smiled and said, "
    "\"Good things take time.\"",
    "Once there was a bear who did not like to share. He had a big jar of honey and he hid it in a cave. A bee saw the "
    "jar and told her friends. The bear was angry at first. Then he saw that the bees were hungry, and he gave them "
    "some honey. The bees made more honey for him, and they were all happy.",
    "Lucy and Max went to the park with their dog. They threw a ball, and the dog ran fast to get it. But the ball "
    "rolled into the mud! The dog came back all brown and wet. Lucy laughed and Max laughed too. At home, Mom gave the "
    "dog a bath and said, \"No more mud today.\"",
    "There was a little train who was very slow. The other trains said, \"You are too slow to carry the toys.\" One "
    "night it snowed a lot, and the fast trains slipped. The little train went slowly and did not slip. In the "
    "morning, all the children got their toys. Everyone cheered for the little train.",
)  # fmt: skip


def stories(model: Path, name: str, count: int, seed: int) -> list[str]:
    """Samples of the model from its start token, at temperature 1."""
    sampling = Sampling(max_tokens=STORY_TOKENS, temperature=1.0, seed=seed)
    requests = [Request(f"{name}-{number}", "", sampling) for number in range(count)]
    with open_engine("auto", str(model), EngineOptions()) as engine:
        made = {response.id: response.text for response in engine.generate(requests)}
    return [made[request.id].strip() for request in requests if made[request.id].strip()]


def medicine(data: Path) -> tuple[list[dict], list[dict]]:
    """Answers of medquad, split by the page they come from."""
    train: list[dict] = []
    test: list[dict] = []
    with gzip.open(data / "corpora/medquad-qa.jsonl.gz", "rt", encoding="utf-8") as stream:
        for line in stream:
            row = json.loads(line)
            held_out = xxhash.xxh3_64_intdigest(row["url"].encode()) % TEST_ONE_IN == 0
            (test if held_out else train).append(row)
    return train, test


def write(rows: list[dict], path: Path) -> str:
    storage.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), path)
    return path.name


def tasks(name: str, texts: Sequence[str], sources: list[str]) -> list[dict]:
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
                    write(tasks("written", WRITTEN, [str(n) for n in range(len(WRITTEN))]), inputs / "written.jsonl"),
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
