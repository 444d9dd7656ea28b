"""What merging holds in memory, beside a pair of tensors in the type that models are stored in.

    python -m benchmarks.merging --model MODEL [--hidden 2048 --layers 12] [--vocabulary 128256]
        [--methods lerp slerp ...] [--scratch FOLDER]

Two models of MODEL's layout and tokenizer and a base of theirs, all with random weights, are written; they are merged
with each method in a process of its own. `anonymous` is the most memory that only giving it up would free, `resident`
the most with mapped pages of files among it, both above those of the process before any model was opened, read from
/proc every few milliseconds. `pair` is what the largest tensor of two of them takes as it is stored.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

FIELDS = {"RssAnon": "anonymous", "VmRSS": "resident"}


def write_model(like: Path, folder: Path, hidden: int, layers: int, vocabulary: int | None, seed: int) -> int:
    """Random bfloat16 weights in a plain folder, a tensor at a time: bytes of them."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    from train import models
    from train.merging import writing

    config = AutoConfig.from_pretrained(like)
    config.hidden_size, config.intermediate_size, config.num_hidden_layers = hidden, 11 * hidden // 4, layers
    config.num_attention_heads = config.num_key_value_heads = hidden // 64
    config.head_dim, config.layer_types = 64, None
    config.vocab_size = vocabulary or config.vocab_size
    with torch.device("meta"):
        shapes = {
            name: tuple(weight.shape) for name, weight in AutoModelForCausalLM.from_config(config).named_parameters()
        }
    folder.mkdir()
    config.save_pretrained(folder)
    models.companions(like, folder)
    draw = torch.Generator().manual_seed(seed)

    def parts(name: str) -> Iterator[torch.Tensor]:
        yield torch.randn(shapes[name], generator=draw, dtype=torch.bfloat16)

    return sum(file.stat().st_size for file in writing.write(shapes, dict.fromkeys(shapes, "BF16"), parts, folder))


class Watched:
    """The most that this process holds while it is watched, in bytes by field."""

    def __enter__(self) -> "Watched":
        self.start, self.most, self.ended = held(), held(), False
        self.thread = threading.Thread(target=self._watch)
        self.thread.start()
        return self

    def _watch(self) -> None:
        while not self.ended:
            self.most = {name: max(self.most[name], value) for name, value in held().items()}
            time.sleep(0.002)

    def __exit__(self, *_: object) -> None:
        self.ended = True
        self.thread.join()


def held() -> dict[str, int]:
    lines = (line.split() for line in Path("/proc/self/status").read_text().splitlines())
    return {FIELDS[line[0][:-1]]: int(line[1]) * 1024 for line in lines if line[0][:-1] in FIELDS}


def measure(folder: Path, method: str) -> dict[str, float]:
    """In a process of its own."""
    import torch

    from train import models
    from train.merging import MergeOptions, merge
    from train.merging.parents import opened

    torch.set_num_threads(1)
    parents, base = [folder / "first", folder / "second"], folder / "base"
    models.tokenizer(base)
    options = MergeOptions(method)
    every = [*parents, *([base] if options.from_base else [])]
    largest = max(torch.Size(shape).numel() for shape in opened(every)[0].shapes.values())
    began = time.perf_counter()
    with Watched() as watched:
        merge(parents, folder / method, options, base if options.from_base else None)
    grown = {name: watched.most[name] - watched.start[name] for name in watched.most}
    return {**grown, "pair": 2 * 2 * largest, "seconds": time.perf_counter() - began}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--hidden", type=int, default=2048)
    parser.add_argument("--layers", type=int, default=12)
    parser.add_argument("--vocabulary", type=int, help="rows of the embedding; the model's own unless given")
    parser.add_argument("--methods", nargs="+", default=["lerp", "slerp", "slerp_geometric", "task", "ties", "dare"])
    parser.add_argument("--scratch", type=Path)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.folder:
        print(json.dumps(measure(given.folder, given.methods[0])))
        return
    with tempfile.TemporaryDirectory(dir=given.scratch) as name:
        sizes = [write_model(given.model, Path(name, model), given.hidden, given.layers,
                             given.vocabulary, seed)
                 for seed, model in enumerate(("first", "second", "base"))]  # fmt: skip
        print(f"each model {sizes[0] / 1e6:,.0f} MB")
        print(f"{'method':16} {'pair MB':>11} {'anonymous MB':>13} {'resident MB':>12} {'s':>6}", flush=True)
        for method in given.methods:
            command = [sys.executable, "-m", "benchmarks.merging", "--model", str(given.model), "--methods", method,
                       "--folder", name]  # fmt: skip
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
            row = json.loads(done.stdout.splitlines()[-1])
            sizes_mb = [row[key] / 1e6 for key in ("pair", "anonymous", "resident")]
            print("{:16} {:11,.0f} {:13,.0f} {:12,.0f} {:6.0f}".format(method, *sizes_mb, row["seconds"]), flush=True)


if __name__ == "__main__":
    main()
