"""What `doctor` asks the machine and the installation, each question with an answer for machines that cannot say."""

import importlib.metadata
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement

LIST_DEVICES = """
import json, torch
devices = [torch.cuda.get_device_properties(number) for number in range(torch.cuda.device_count())]
names = [f"{d.name}, {d.total_memory / 2**30:.0f} GiB" for d in devices]
if torch.backends.mps.is_available():
    names.append("Apple GPU")
print(json.dumps({"torch": torch.__version__, "devices": names}))
"""
IMPORT_TRANSFORMERS = """
import json, torch, transformers
from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaForCausalLM
print(json.dumps({"torch": torch.__version__, "transformers": transformers.__version__}))
"""
GENERATE_VLLM = """
import json, sys
from vllm import LLM, SamplingParams
model = LLM(
    model=sys.argv[1], skip_tokenizer_init=True, max_model_len=32, enforce_eager=True, gpu_memory_utilization=0.2
)
sampling = SamplingParams(max_tokens=1, temperature=0, ignore_eos=True, detokenize=False)
(answer,) = model.generate([{"prompt_token_ids": [1, 2, 3]}], sampling, use_tqdm=False)
assert len(answer.outputs[0].token_ids) == 1
print(json.dumps({}))
"""
GENERATE_TRANSFORMERS = """
import json, sys, torch
from transformers import AutoModelForCausalLM
model = AutoModelForCausalLM.from_pretrained(sys.argv[1])
answer = model.generate(torch.tensor([[1, 2, 3]]), max_new_tokens=1, min_new_tokens=1, do_sample=False)
assert answer.shape == (1, 4)
print(json.dumps({}))
"""


def ask(script: str, seconds: float, *arguments: str) -> dict[str, Any] | str:
    """The JSON object on the last line that `script` prints, or, when it fails, a sentence that says how."""
    environment = {
        **os.environ,
        "HF_HUB_OFFLINE": "1",
        "VLLM_NO_USAGE_STATS": "1",
        "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
        "VLLM_LOGGING_LEVEL": "ERROR",
        "VLLM_CPU_KVCACHE_SPACE": "1",
    }
    with tempfile.TemporaryDirectory() as elsewhere:  # so that nothing in the user's folder is imported
        try:
            done = subprocess.run(
                [sys.executable, "-P", "-c", script, *arguments],
                cwd=elsewhere,
                env=environment,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=seconds,
            )
        except subprocess.TimeoutExpired:
            return f"no answer within {seconds:g} seconds"
    if done.returncode < 0:
        return f"ended by signal {-done.returncode}" + (" (illegal instruction)" if done.returncode == -4 else "")
    if done.returncode != 0:
        return _error_line(done.stderr) or f"exit code {done.returncode} without a message"
    if not done.stdout.strip():
        return "no answer was printed"
    facts: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return facts


def _error_line(stderr: str) -> str:
    """The last line that names an error, since libraries go on talking after it; else the last line."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    named = [line for line in lines if line.split(":")[0].endswith(("Error", "Exception"))]
    return (named or lines or [""])[-1][:300]


def processor_flags(cpuinfo: Path) -> set[str]:
    """The flags of the first processor; none where the system does not list them so."""
    if not cpuinfo.is_file():
        return set()
    lines = cpuinfo.read_text(errors="replace").splitlines()
    return {flag for line in lines if line.startswith(("flags", "Features")) for flag in line.split(":", 1)[1].split()}


def available_memory(root: Path = Path("/")) -> int | None:
    """Bytes, the smaller of what the machine and the container have left; none where neither says."""
    known: list[int] = []
    meminfo, container = root / "proc/meminfo", root / "sys/fs/cgroup"
    if meminfo.is_file():
        lines = [line for line in meminfo.read_text().splitlines() if line.startswith("MemAvailable:")]
        known += [int(line.split()[1]) * 1024 for line in lines]
    limit, used = container / "memory.max", container / "memory.current"
    if limit.is_file() and used.is_file() and (most := limit.read_text().strip()) != "max":
        known.append(max(0, int(most) - int(used.read_text())))
    return min(known) if known else None


def nvidia_smi() -> str:
    """The names of the GPUs that the driver lists, empty without any."""
    if shutil.which("nvidia-smi") is None:
        return ""
    command = ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20)
    except subprocess.TimeoutExpired:
        return ""
    return ", ".join(done.stdout.split("\n")).strip(", ") if done.returncode == 0 else ""


def version(name: str) -> str | None:
    """The installed version of a distribution, none where it is not installed."""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def declared_bounds() -> dict[str, Requirement]:
    """What the installed Keepwise requires, by name; empty when it runs from a checkout that is not installed."""
    try:
        declared = importlib.metadata.requires("keepwise") or []
    except importlib.metadata.PackageNotFoundError:
        return {}
    return {r.name: r for r in map(Requirement, declared) if r.marker is None}
