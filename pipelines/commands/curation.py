"""Commands that build a data set."""

import copy
import itertools
from typing import Annotated, Any

import typer
import yaml

from curation.errors import InputError

from .app import Fresh, Out, Overrides, Seed, app, run_single, said, say, with_preset

Recipe_ = Annotated[
    str | None,
    typer.Option("--recipe", help="Ready recipe (english-web, korean-web, mixed, instructions) or a YAML file."),
]
Executor_ = Annotated[str | None, typer.Option("--executor", help="local (processes on this machine) or ray.")]
RayAddress = Annotated[str | None, typer.Option(help="A running Ray cluster; one is started here unless given.")]


@app.command()
def curate(
    inputs: Annotated[
        list[str],
        typer.Argument(help="Files, folders, globs, addresses: JSONL, Parquet, CSV, txt, md, HTML, WARC; .gz, .zst."),
    ],
    out: Out,
    text_column: Annotated[str | None, typer.Option(help="Column that holds the text; `text` unless named.")] = None,
    max_damaged: Annotated[float | None, typer.Option(help="Share of damaged records a file may have.")] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Stop at the first damaged record.")] = False,
    keep_dropped: Annotated[bool | None, typer.Option(help="Keep the text of dropped documents in dropped/.")] = None,
    recipe: Recipe_ = None,
    executor: Executor_ = None,
    ray_address: RayAddress = None,
    explain: Annotated[bool, typer.Option("--explain", help="Print the rules in force and stop.")] = False,
    settings: Overrides = None,
    seed: Seed = 17,
    fresh: Fresh = False,
) -> None:
    """Build a data set from raw corpora: normalise, filter, replace personal data, remove duplicates.

    Example: keepwise curate crawl/ notes.csv --recipe mixed --out runs/corpus --set rules.gopher.min_words=100
    """
    given = {
        "inputs": inputs,
        "text_column": text_column,
        "max_damaged": max_damaged,
        "strict": strict or None,
        "keep_dropped": keep_dropped,
        "executor": executor,
        "ray_address": ray_address,
    }
    given = with_preset("curate", recipe, given)
    if explain:
        _explain(given, settings)
        return
    run_single("curate", given, settings, out, seed, fresh)


def _explain(given: dict[str, Any], settings: list[str] | None) -> None:
    from curation.rules import sets

    from ..recipe import override, validate
    from ..runner import single
    from ..settings import CurateSettings

    tree = single("curate", given, 0)
    for change in settings or []:
        override(tree, f"steps.curate.{change}")
    step = validate(tree, "keepwise curate").steps["curate"]
    assert isinstance(step, CurateSettings)
    say("Rules: name, bounds (both inclusive), definition")
    rules = sets.explain(sets.rules_from(step.rules))
    longest = max((len(each["name"]) for each in rules), default=0)
    for set_of, group in itertools.groupby(rules, lambda each: (each["name"].split(".")[0], each["where"])):
        say(f"{set_of[0]}, where {set_of[1]}" if set_of[1] else set_of[0])
        for each in group:
            bounds = f"{'' if each['low'] is None else each['low']} .. {'' if each['high'] is None else each['high']}"
            say(f"  {each['name']:<{longest}} {bounds:>13}  {each['definition']}")
    say("Other settings in force (change any with --set key=value)")
    others = step.model_dump(mode="json", exclude={"rules", "inputs", "job"}, exclude_none=True)
    for line in yaml.safe_dump(others, sort_keys=False, allow_unicode=True, default_flow_style=None).splitlines():
        say(f"  {line}")


METHODS: dict[str, dict[str, Any]] = {  # settings of a curate step that does nothing else
    "exact": {"exact": {}},
    "minhash": {"exact": {}, "minhash": {}},
    "lines": {"lines": {}},
    "substring": {"substring": {}},
    "semantic": {"exact": {}, "semantic": {}},
}
WITH_THRESHOLD = ("minhash", "semantic")


@app.command()
def dedup(
    inputs: Annotated[list[str], typer.Argument(help="Files, folders or globs.")],
    out: Out,
    method: Annotated[
        str, typer.Option(help="exact, minhash, semantic (these run exact first), lines or substring.")
    ] = "minhash",
    threshold: Annotated[
        float | None, typer.Option(help="Least similarity of duplicates: Jaccard for minhash, cosine for semantic.")
    ] = None,
    text_column: Annotated[str | None, typer.Option(help="Column that holds the text; `text` unless named.")] = None,
    executor: Executor_ = None,
    ray_address: RayAddress = None,
    settings: Overrides = None,
    seed: Seed = 17,
    fresh: Fresh = False,
) -> None:
    """Remove duplicates only: no rule drops anything and personal data stays.

    Example: keepwise dedup corpus.jsonl --out runs/unique --method minhash --threshold 0.8
    """
    if method not in METHODS:
        raise InputError(f"--method is {method!r}, expected {', '.join(METHODS)}")
    if threshold is not None and method not in WITH_THRESHOLD:
        raise InputError(
            f"--threshold is {threshold}, but --method {method} has none, only {', '.join(WITH_THRESHOLD)}"
        )
    stages: dict[str, Any] = {"exact": None, "minhash": None, **copy.deepcopy(METHODS[method])}
    if threshold is not None:
        stages[method]["threshold"] = threshold
    given: dict[str, Any] = {"inputs": inputs, "text_column": text_column, "executor": executor,
                             "ray_address": ray_address, "rules": {}, "personal_data": []}  # fmt: skip
    run_single("curate", {**said(given), **stages}, settings, out, seed, fresh)
