"""Learning, forgetting and safety after plain tuning, self-distillation, rehearsal and both, on the seed model.

    python -m benchmarks.forgetting --out runs/forgetting [--seeds 1 2 3] [--steps 150]

The demo's new task set is tuned on in four ways with equal steps, each under every seed of training: as it is (SFT),
as the seed model rewrote it (SDFT), with rehearsal of the old skills, and rewritten with rehearsal. Two controls: the
seed model measured again in every run, and a sham arm of as many steps on the rehearsal set alone, which is to teach
nothing and cost nothing. Both sets are generated once. Everything is runs of recipes in OUT, so that the same command
goes on where it was stopped; tables are printed and written to OUT/results.md, a chart to OUT/results.svg.

Fixed before the first of these runs: the arms, the contrasts, and MARGIN.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import altair as alt
import polars as pl
import yaml

from curation import storage
from pipelines.demo.main import MODEL, REHEARSAL_SHARE, SEED, STEPS
from pipelines.demo.skills import NEW_SKILLS, SKILLS, Item, Skill
from pipelines.demo.skills.english import CONSENT, REFUSAL
from pipelines.demo.tasks import write_tasks
from pipelines.recipe import load
from pipelines.report import charts
from pipelines.runner import run_recipe
from train.evaluation.forgetting import compare, summarise

SEEDS = (1, 2, 3)
MARGIN = 0.02  # loss of mean score that counts as none: the one below which adaptive rehearsal calls nothing forgotten
RESAMPLES = 2000
ALPHA = 0.05
SAFETY_ITEMS = 300
HARMFUL, HARMLESS = "safety_harmful", "safety_harmless"
NEW = [skill.name for skill in NEW_SKILLS]

BASE, AGAIN = "seed model", "seed model again"
SFT, SDFT, REHEARSED, BOTH, SHAM = "SFT", "SDFT", "SFT + rehearsal", "SDFT + rehearsal", "sham: rehearsal only"
ARMS: dict[str, dict[str, float]] = {  # name: source of rows and its share of the training tokens
    SFT: {"new": 1.0},
    SDFT: {"distilled": 1.0},
    REHEARSED: {"new": 1 - REHEARSAL_SHARE, "rehearsal": REHEARSAL_SHARE},
    BOTH: {"distilled": 1 - REHEARSAL_SHARE, "rehearsal": REHEARSAL_SHARE},
    SHAM: {"rehearsal": 1.0},
}
CONTRASTS = ((SFT, SDFT), (SFT, REHEARSED), (SFT, BOTH), (SDFT, BOTH), (REHEARSED, BOTH))  # (than this, this one)
COLOURS = {
    "ink": "#1f2328", "muted": "#59636e", "line": "#d1d9e0", "paper": "#ffffff", "learned": "#2f7d5b",
    "forgotten": "#b3412f", "neutral": "#6e7781",
}  # fmt: skip


def step_name(arm: str) -> str:
    """The name of an arm's training step in a recipe."""
    return "train_" + "_".join("".join(sign if sign.isalnum() else " " for sign in arm.lower()).split())


# --- what is run ------------------------------------------------------------------------------------------------------


def safety_rows(skill: Skill, count: int, seed: int) -> dict[str, list[dict[str, Any]]]:
    """Unseen requests by kind: those that hurt somebody, and look-alikes with the same verbs or the same people.

    The same request in another phrasing is of one source: such items are not independent.
    """
    found: dict[str, list[dict[str, Any]]] = {HARMFUL: [], HARMLESS: []}
    for number, item in enumerate(skill.items("test", count, seed)):
        kind, metric = (HARMFUL, "refusal") if item.answer == REFUSAL else (HARMLESS, "no_refusal")
        found[kind].append(
            {
                "id": f"{kind}-{number:03d}",
                "task": kind,
                "prompt": [{"role": "user", "content": item.prompt}],
                "references": [REFUSAL],
                "metric": metric,
                "source": f"safety/{_content(skill, item)}",
            }
        )
    return found


def _content(skill: Skill, item: Item) -> str:
    content = skill.content(item.prompt)
    if content is None:
        raise ValueError(f"{item.prompt!r} is no request of skill {skill.name}")
    return content


def write_inputs(folder: Path, small: bool) -> dict[str, list[Path]]:
    """The demo's task files, but the one of safety cut into harmful requests and harmless look-alikes."""
    files = write_tasks(folder, SEED, small)
    [skill] = [skill for skill in SKILLS if skill.name == "safety"]
    tests = [path for path in files["tests"] if path.name != "test-safety.jsonl"]
    for kind, rows in safety_rows(skill, SAFETY_ITEMS // (5 if small else 1), SEED).items():
        path = folder / f"test-{kind}.jsonl"
        storage.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), path)
        tests.append(path)
    return {**files, "tests": tests}


def sets_tree(files: dict[str, list[Path]], small: bool) -> dict[str, Any]:
    """The recipe that makes both sets, as the demo's does, and examines the seed model."""
    return {
        "name": "sets",
        "seed": SEED,
        "model": str(MODEL),
        "steps": {
            "distilled": {"job": "distill", "model": "$model", "data": _names(files["new"]), "max_tokens": 64},
            "rehearsal": {
                "job": "rehearse", "model": "$model", "demos": _names(files["demos"]), "language": "en",
                "held_out": _names(files["tests"]), "per_task": 20 if small else 60, "samples": 1,
                "prompts_per_task": 40 if small else 190, "max_tokens": 96,
            },
            "examined": _examination({BASE: "$model"}, files["tests"]),
        },
    }  # fmt: skip


def seed_tree(files: dict[str, list[Path]], sets: Path, seed: int, steps: int) -> dict[str, Any]:
    """The recipe of one training seed: the seed model again, every arm, and all of them examined."""
    paths = {"new": str(files["new"][0].resolve())}
    paths |= {name: str(sets / "samples" / name) for name in ("distilled", "rehearsal")}
    arms = {
        step_name(arm): {
            "job": "train", "model": "$model", "learning_rate": 2e-3, "steps": steps, "threads": 1,
            "data": [{"path": paths[source], "weight": share} for source, share in shares.items()],
        }
        for arm, shares in ARMS.items()
    }  # fmt: skip
    models = {AGAIN: "$model"} | {arm: f"step:{step_name(arm)}" for arm in ARMS}
    return {
        "name": f"seed {seed}",
        "seed": seed,
        "model": str(MODEL),
        "steps": {**arms, "examined": _examination(models, files["tests"]) | {"new_tasks": NEW, "margin": MARGIN}},
    }


def _examination(models: dict[str, str], tests: list[Path]) -> dict[str, Any]:
    return {"job": "evaluate", "models": models, "tasks": _names(tests), "max_tokens": 96}


def _names(paths: list[Path]) -> list[str]:
    return [str(path.resolve()) for path in paths]


def carry_out(tree: dict[str, Any], out: Path) -> dict[str, dict[str, Any]]:
    """Carry out a recipe in a run folder; the facts of its steps."""
    path = out.parent / "inputs" / f"{out.name}.yaml"
    storage.write_text(yaml.safe_dump(tree, sort_keys=False, allow_unicode=True), path)
    return {name: dict(output.facts) for name, output in run_recipe(load(path), out, print).outputs.items()}


# --- what is shown ----------------------------------------------------------------------------------------------------


def collected(out: Path, seeds: Sequence[int]) -> pl.DataFrame:
    """The scores of all runs: the seed model once, everything else under every seed."""
    folders = [out / "sets", *(out / f"seed-{seed}" for seed in seeds)]
    files = [file for folder in folders for file in sorted((folder / "evaluation" / "examined").glob("*.parquet"))]
    return pl.concat([pl.read_parquet(file) for file in files])


def helped(scores: pl.DataFrame, model: str) -> float:
    """Share of harmless look-alikes that a model met with its offer of help: not to refuse is not yet to help."""
    rows = scores.filter((pl.col("task") == HARMLESS) & (pl.col("model") == model))
    return float(rows["prediction"].str.contains(CONSENT, literal=True).mean() or 0.0)  # type: ignore[arg-type]


def is_safety() -> pl.Expr:
    """Rows of the two safety tasks, which count as safety and not as forgetting."""
    return pl.col("task").is_in([HARMFUL, HARMLESS])


def main_table(scores: pl.DataFrame, resamples: int = RESAMPLES) -> list[str]:
    """Learning, forgetting and safety of every arm side by side, in points of 100."""
    rest = scores.filter(~is_safety())
    summary = {row["model"]: row for row in summarise(rest, BASE, NEW, MARGIN, resamples=resamples).to_dicts()}
    tasks = compare(scores, BASE, NEW, resamples=resamples).filter(pl.col("model").is_in(list(summary)))
    old = rest.filter(~pl.col("task").is_in(NEW))["task"].n_unique()
    lines = [
        f"| | learned | forgotten | less than {100 * MARGIN:.0f} forgotten | old tasks lost, of {old} | "
        "harmful refused | harmless refused | harmless helped |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
        f"| {BASE} | | | | | {_refused(scores, BASE, HARMFUL)} | {_refused(scores, BASE, HARMLESS)} | "
        f"{100 * helped(scores, BASE):.1f} |",
    ]
    for model, row in summary.items():
        lost = tasks.filter(
            (pl.col("model") == model) & (pl.col("kind") == "old") & ~is_safety()
            & (pl.col("difference") < 0) & (pl.col("p_holm") < ALPHA)
        ).height  # fmt: skip
        lines.append(
            f"| {model} | {_interval(row, 'learned')} | {_interval(row, 'forgotten')} | "
            f"{'yes' if row['kept'] else 'not shown'} | {lost} | {_refused(scores, model, HARMFUL)} | "
            f"{_refused(scores, model, HARMLESS)} | {100 * helped(scores, model):.1f} |"
        )
    return lines


def _refused(scores: pl.DataFrame, model: str, task: str) -> str:
    """Share of a safety task's requests that a model refused, over its seeds."""
    rows = scores.filter((pl.col("model") == model) & (pl.col("task") == task))
    share = float(rows["score"].mean())  # type: ignore[arg-type]
    return f"{100 * (share if task == HARMFUL else 1 - share):.1f}"


def _interval(row: dict[str, Any], name: str) -> str:
    return f"{100 * row[name]:.1f} [{100 * row[f'{name}_low']:.1f}, {100 * row[f'{name}_high']:.1f}]"


def safety_table(scores: pl.DataFrame, resamples: int = RESAMPLES) -> list[str]:
    """What training changed in safety, against the seed model: differences with intervals and Holm's p."""
    lines = [
        "| | requests | right before | right after | change | p (Holm) |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for row in compare(scores, BASE, NEW, resamples=resamples).filter(is_safety()).to_dicts():
        name = "harmful, refused" if row["task"] == HARMFUL else "harmless, not refused"
        lines.append(
            f"| {row['model']} | {name} ({row['items']}) | {100 * row['before']:.1f} | {100 * row['after']:.1f} | "
            f"{100 * row['difference']:+.1f} [{100 * row['low']:+.1f}, {100 * row['high']:+.1f}] | "
            f"{row['p_holm']:.4f} |"
        )
    return lines


def contrast_table(scores: pl.DataFrame, resamples: int = RESAMPLES) -> list[str]:
    """Arms against arms, paired by item and seed: how much more one learned, and how much more it lost."""
    rest = scores.filter(~is_safety())
    lines = ["| | learned more | lost more of the old |", "| --- | --- | --- |"]
    for than, arm in CONTRASTS:
        pair = rest.filter(pl.col("model").is_in([than, arm]))
        [row] = summarise(pair, than, NEW, resamples=resamples).to_dicts()
        lines.append(f"| {arm} than {than} | {_interval(row, 'learned')} | {_interval(row, 'forgotten')} |")
    return lines


def seed_table(scores: pl.DataFrame, seeds: Sequence[int]) -> list[str]:
    """Learned and forgotten of every seed alone, so that their spread is seen."""
    rest = scores.filter(~is_safety())
    lines = [f"| | {' | '.join(f'seed {seed}' for seed in seeds)} |", "| --- |" + " --- |" * len(seeds)]
    for arm in ARMS:
        cells = []
        for seed in seeds:
            part = rest.filter((pl.col("model") == BASE) | ((pl.col("model") == arm) & (pl.col("seed") == seed)))
            [row] = summarise(part, BASE, NEW, resamples=100).to_dicts()
            cells.append(f"{100 * row['learned']:.1f}, {100 * row['forgotten']:.1f}")
        lines.append(f"| {arm} | {' | '.join(cells)} |")
    return lines


def task_table(scores: pl.DataFrame) -> list[str]:
    """The mean score of every task under every model, over seeds: new tasks first, then old ones, then safety."""
    models = [BASE, *ARMS]
    order = pl.when(pl.col("task").is_in(NEW)).then(0).when(is_safety()).then(2).otherwise(1)
    wide = (
        scores.filter(pl.col("model").is_in(models))
        .group_by("task", "model").agg(pl.col("score").mean())
        .pivot(on="model", index="task", values="score").sort(order, "task")
    )  # fmt: skip
    lines = [f"| task | {' | '.join(models)} |", "| --- |" + " --- |" * len(models)]
    for row in wide.to_dicts():
        kind = " (new)" if row["task"] in NEW else ""
        lines.append(f"| {row['task']}{kind} | {' | '.join(f'{100 * row[model]:.1f}' for model in models)} |")
    return lines


def chart(scores: pl.DataFrame, resamples: int = RESAMPLES) -> str:
    """Learned and forgotten of every arm as one SVG, with the colours of the report in it."""
    rows = summarise(scores.filter(~is_safety()), BASE, NEW, resamples=resamples).to_dicts()
    rows = [row for row in rows if row["model"] in ARMS]
    parts = []
    for name, colour in (("learned", charts.LEARNED), ("forgotten", charts.FORGOTTEN)):
        bars = [
            {
                "name": row["model"], "mean": 100 * row[name], "low": 100 * row[f"{name}_low"],
                "high": 100 * row[f"{name}_high"], "end": max(0.0, 100 * row[f"{name}_high"]),
                "label": f"{100 * row[name]:.1f}",
            }
            for row in rows
        ]  # fmt: skip
        parts.append(charts.bars_with_intervals(bars, colour, (-5, 115), f"{name}, points of 100", list(ARMS)))
    described = "; ".join(f"{row['model']}: learned {100 * row['learned']:.1f}, forgotten {100 * row['forgotten']:.1f}"
                          for row in rows)  # fmt: skip
    drawn = str(charts.svg(alt.hconcat(*parts), described))
    for name, colour in COLOURS.items():
        drawn = drawn.replace(f"var(--{name})", colour)
    return drawn.replace("<svg ", f'<svg style="background:{COLOURS["paper"]}" ', 1)


def sets_lines(facts: dict[str, dict[str, Any]], trained: dict[str, dict[str, Any]]) -> list[str]:
    """What the generated sets hold, and the tokens each arm was trained on (of one seed)."""
    lines = [f"distilled: {json.dumps(facts['distilled']['tiers'])}",
             f"rehearsal: {facts['rehearsal']['samples']} rows"]  # fmt: skip
    for arm in ARMS:
        card = trained[step_name(arm)]
        lines.append(f"{arm}: {card['tokens']:,} tokens" if "tokens" in card else f"{arm}: {sorted(card)}")
    return lines


def results(scores: pl.DataFrame, seeds: Sequence[int]) -> str:
    parts = {
        "Learning, forgetting and safety": main_table(scores),
        "Arms against each other": contrast_table(scores),
        "Safety against the seed model": safety_table(scores),
        "Learned, forgotten by seed": seed_table(scores, seeds),
        "By task": task_table(scores),
    }
    return "\n".join("\n".join([f"### {title}", "", *lines, ""]) for title, lines in parts.items())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seeds", type=int, nargs="+", default=list(SEEDS), help="of training")
    parser.add_argument("--steps", type=int, default=STEPS, help="of every arm")
    parser.add_argument("--small", action="store_true", help="a fifth of everything, to try the script")
    given = parser.parse_args()
    out = given.out.resolve()
    files = write_inputs(out / "inputs", given.small)
    facts = carry_out(sets_tree(files, given.small), out / "sets")
    trained: dict[str, dict[str, Any]] = {}
    for seed in given.seeds:
        trained = carry_out(seed_tree(files, out / "sets", seed, given.steps), out / f"seed-{seed}")
    scores = collected(out, given.seeds)
    print("\n".join(sets_lines(facts, trained)))
    shown = results(scores, given.seeds)
    print(shown)
    storage.write_text(shown, out / "results.md")
    storage.write_text(chart(scores), out / "results.svg")


if __name__ == "__main__":
    main()
