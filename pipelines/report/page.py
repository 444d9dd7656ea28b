"""report.html: one file that asks nothing of the network and runs no script."""

import base64
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from . import evaluation, expansion, merging, rehearsal, synthesis, training, views, words

TEMPLATES = Path(__file__).parent / "templates"
JOBS: dict[str, tuple[str, Callable[[dict[str, Any]], dict[str, Any]]]] = {
    "curate": ("Curation", views.curate),
    "distill": ("Distillation", synthesis.distill),
    "rehearse": ("Rehearsal", rehearsal.rehearse),
    "synthesize": ("Synthesis", synthesis.synthesize),
    "train": ("Training", training.train),
    "expand": ("New tokens", expansion.expand),
    "merge": ("Merging", merging.merge),
    "evaluate": ("Evaluation", evaluation.evaluate),
}


def render(report: dict[str, Any]) -> str:
    """The page of a report (see `collect.collect`).

    Whatever stands in a report is escaped: texts, ids and names come from strangers. The page's policy forbids scripts
    and every request, and allows no style but its own, by hash.
    """
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["excerpt"] = _excerpt
    environment.filters["visible"] = lambda text: words.clip(str(text), 10_000)[0]
    environment.filters["number"] = words.number
    style = (TEMPLATES / "report.css").read_text(encoding="utf-8")
    return environment.get_template("report.html.jinja").render(
        report=report,
        style=Markup(style),
        policy=_policy(style),
        headlines=[views.headline(entry) for entry in report["headline"]],
        sections=_sections(report["steps"]),
    )


def _policy(style: str) -> str:
    digest = base64.b64encode(hashlib.sha256(style.encode("utf-8")).digest()).decode("ascii")
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def _sections(steps: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A section a step; the last training's shows the losses of all."""
    sections = [_section(number, step) for number, step in enumerate(steps, start=1)]
    trained = [section for section in sections if section["job"] == "train"]
    if trained:
        trained[-1]["losses"] = training.losses(steps)
    return sections


def _section(number: int, step: dict[str, Any]) -> dict[str, Any]:
    title, view = JOBS[step["job"]]
    left_out = step["facts"].get("not_needed") or {}
    return {
        "anchor": f"step-{number}",
        "name": step["name"],
        "job": step["job"],
        "title": title,
        "seconds": step["seconds"],
        "empty": not step["facts"],
        "not_needed": left_out.get("why"),
        "stands": left_out.get("use"),
        "view": view(step),
        "losses": None,
    }


def _excerpt(example: dict[str, Any] | None) -> Markup:
    """A clipped text with the number of characters that are not shown."""
    if not example or "text" not in example:
        return Markup('<span class="muted">not kept</span>')
    shown, _ = words.clip(example["text"], len(example["text"]))
    left_out = example.get("characters", len(example["text"])) - len(example["text"])
    more = Markup(' <span class="more">… {} more characters</span>').format(words.count(left_out)) if left_out else ""
    return Markup('<bdi class="text">{}</bdi>{}').format(shown, more)
