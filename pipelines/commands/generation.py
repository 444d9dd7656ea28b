"""Commands by which a model writes data."""

from typing import Annotated

import typer

from curation.errors import InputError

from ..mistakes import nearest
from ..settings import SynthesizeSettings
from ..settings.synthesize import METHODS
from .app import Fresh, Out, Overrides, Seed, app, run_single, with_preset


@app.command()
def distill(
    model: Annotated[str, typer.Option(help="Model folder or name.")],
    data: Annotated[list[str], typer.Option(help="File of prompt and completion rows; repeat for more.")],
    out: Out,
    held_out: Annotated[
        list[str] | None,
        typer.Option(help="Task file of the evaluation: rows that repeat it are dropped. Repeat for more."),
    ] = None,
    recipe: Annotated[
        str | None, typer.Option("--recipe", help="Ready recipe (full-ladder, korean-translation) or a YAML file.")
    ] = None,
    settings: Overrides = None,
    seed: Seed = 17,
    fresh: Fresh = False,
) -> None:
    """Rewrite a task set in the model's own words, verified row by row (SDFT, arXiv 2402.13669).

    Example: keepwise distill --model Qwen/Qwen3-0.6B --data task.jsonl --out runs/distilled
    """
    given = with_preset("distill", recipe, {"model": model, "data": data, "held_out": held_out})
    run_single("distill", given, settings, out, seed, fresh)


@app.command()
def rehearse(
    model: Annotated[str, typer.Option(help="Model that makes up instances: folder or name.")],
    out: Out,
    demos: Annotated[
        list[str] | None,
        typer.Option(help="File of prompt, completion and task rows; repeat for more. Without: from the model alone."),
    ] = None,
    held_out: Annotated[
        list[str] | None,
        typer.Option(help="Task file of the evaluation: what no row may repeat. Repeat for more."),
    ] = None,
    refine_with: Annotated[str | None, typer.Option(help="Model that answers them; the same unless given.")] = None,
    per_task: Annotated[int | None, typer.Option(help="Rows wanted for each task.")] = None,
    budget_tokens: Annotated[int | None, typer.Option(help="Tokens of the whole buffer, instead of rows.")] = None,
    adaptive: Annotated[
        str | None, typer.Option(help="Evaluation table: the budget goes to what was forgotten most.")
    ] = None,
    refresh: Annotated[str | None, typer.Option(help="A buffer whose answers the newer model makes again.")] = None,
    recipe: Annotated[
        str | None, typer.Option("--recipe", help="Ready recipe (ssr, adaptive, replay, replay-chat) or a YAML file.")
    ] = None,
    settings: Overrides = None,
    seed: Seed = 17,
    fresh: Fresh = False,
) -> None:
    """Make a rehearsal buffer of old tasks by the model itself (SSR, arXiv 2403.01244).

    Example: keepwise rehearse --model base/ --refine-with latest/ --demos demos.jsonl --per-task 200 --out runs/buffer
    """
    given = {
        "model": model,
        "demos": demos,
        "held_out": held_out,
        "refine_with": refine_with,
        "per_task": per_task,
        "budget_tokens": budget_tokens,
        "adaptive": {"file": adaptive} if adaptive else None,
        "refresh": refresh,
    }
    run_single("rehearse", with_preset("rehearse", recipe, given), settings, out, seed, fresh)


@app.command()
def synthesize(
    method: Annotated[str, typer.Argument(help=f"One of {', '.join(name.replace('_', '-') for name in METHODS)}.")],
    model: Annotated[str, typer.Option(help="Model folder or name.")],
    data: Annotated[list[str], typer.Option(help="File of documents or rows, by method; repeat for more.")],
    out: Out,
    held_out: Annotated[
        list[str] | None,
        typer.Option(help="Task file of the evaluation: what no row may repeat. Repeat for more."),
    ] = None,
    recipe: Annotated[
        str | None, typer.Option("--recipe", help="Ready recipe of the method, such as least-to-most, or a YAML file.")
    ] = None,
    settings: Overrides = None,
    seed: Seed = 17,
    fresh: Fresh = False,
) -> None:
    """Have a model write training data by a method, and keep what is verified and new.

    qa, backtranslate: from documents. instructions, templates, reasoning, best-of, preferences, probe: from rows of
    prompt and completion. dialogue, label: from either. Options of the method: --set KEY=VALUE.

    Example: keepwise synthesize qa --model Qwen/Qwen3-0.6B --data docs.jsonl --set questions=2 --out runs/qa

    Example: keepwise synthesize instructions --model M --data tasks.jsonl --set wanted=500 --out runs/instructions

    Example: keepwise synthesize templates --model M --data task.jsonl --set write=7 --set write_inverted=3 --out runs/t

    Example: keepwise synthesize dialogue --model M --data docs.jsonl --set max_exchanges=3 --out runs/dialogue

    Example: keepwise synthesize reasoning --model M --data maths.jsonl --set samples=8 --out runs/reasoning

    Example: keepwise synthesize best-of --model M --data maths.jsonl --set samples=8 --out runs/best

    Example: keepwise synthesize preferences --model M --data maths.jsonl --set by=checks --out runs/pairs

    Example: keepwise synthesize backtranslate --model M --data docs.jsonl --set min_gain=0.1 --out runs/back

    Example: keepwise synthesize label --model M --data reviews.jsonl --set 'labels=["good", "bad"]' --out runs/labels

    Example: keepwise synthesize probe --model M --data task.jsonl --set development=0.3 --out runs/probe
    """
    name = method.replace("-", "_")
    if name not in METHODS:
        known = [each.replace("_", "-") for each in METHODS]
        raise InputError(f"synthesize {method!r}: no such method{nearest(method, known)}")
    given = with_preset("synthesize", recipe, {"model": model, "data": data, "held_out": held_out})
    if str(given.setdefault("method", name)).replace("-", "_") != name:
        raise InputError(f"--recipe {recipe!r}: found the method {given['method']!r}, expected one of {method}")
    run_single("synthesize", given, [_of_method(text, name) for text in settings or []], out, seed, fresh)


def _of_method(text: str, method: str) -> str:
    """A setting that is none of the job is one of its method: `questions=2` is `qa.questions=2`.

    So is `method`: the job's own is an argument of the command, and `reasoning` has an option of that name. So is the
    name of another method, whose options nothing reads here: `templates` of `qa` are its prompt forms.
    """
    first = text.partition("=")[0].split(".")[0]
    of_job = first == method or (first in SynthesizeSettings.model_fields and first not in ("method", *METHODS))
    return text if of_job else f"{method}.{text}"
