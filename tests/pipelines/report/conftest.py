"""A run folder with every job in it, of real schemas, whose texts come from people who mean harm."""

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from curation import storage, tables
from pipelines.recipe import Recipe, validate
from pipelines.report import write_report

HOSTILE = (
    "</script><script>alert(1)</script><img src=x onerror=alert(2)> ${7*7} {{7*7}} \u202eevil\u202c \x00\x1b[31m "
    "<style>body{display:none}</style> <!-- ]]> & \" ' `"
)
KOREAN = "한국어 문서입니다. 리뷰를 쓴 사람의 메일은 <EMAIL> 입니다."
MODELS = ("seed model", "plain tuning", "with rehearsal", "distilled + rehearsal")
OLD = ("addition", "reverse", "반대말", "sort_words", "<b>category</b>", "korean_to_english", "refuse")
NEW = ("acronym", "요일")


def document(number: int, text: str) -> dict[str, Any]:
    file = "corpus.jsonl"
    return {
        "doc_id": tables.document_id("corpus", file, number, text),
        "content_id": tables.content_id(text),
        "text": text,
        "source": "corpus",
        "file": file,
        "record": number,
        "lang": None,
        "meta": "{}",
        "parents": [],
    }


def save(frame: pl.DataFrame, folder: Path, *parts: str) -> None:
    storage.write_parquet(frame, folder.joinpath(*parts))


def write_curation(folder: Path, step: str) -> dict[str, Any]:
    texts = [KOREAN, HOSTILE, *(f"document {number} with words, a phone <PHONE> and others" for number in range(20))]
    kept = pl.DataFrame([document(number, text) for number, text in enumerate(texts)], schema=tables.DOCUMENTS)
    short = [HOSTILE, "mail stranger@example.org for the secret", "짧다"]
    dropped = pl.DataFrame([document(100 + n, text) for n, text in enumerate(short)], schema=tables.DOCUMENTS)
    twins = pl.DataFrame([document(200 + n, f"{texts[n + 2]} !{'x' * 600}") for n in range(5)], schema=tables.DOCUMENTS)
    save(kept, folder, "documents", step, "part-00000-00000.parquet")
    save(dropped, folder, "dropped", step, "rules-00000-00000.parquet")
    save(twins, folder, "dropped", step, "duplicates-00000-00000.parquet")
    place = {"row_id": dropped["doc_id"], "file": dropped["file"], "record": dropped["record"]}
    rules = pl.DataFrame(
        {
            **place,
            "rule": ["gopher.words", "length.characters", "korean.hangul"],
            "value": [3.0, 0.25, 2.0],
            "threshold": [50.0, None, 10.0],
        }
    )
    edits = kept.filter(pl.col("text").str.contains("<EMAIL>", literal=True)).select(
        "file", "record", row_id="doc_id", rule=pl.lit("pii.email")
    )
    ledger = pl.concat([tables.ledger(rules, "rules", "drop"), tables.ledger(edits, "pii", "edit")])
    save(ledger, folder, "ledger", step, "rules-00000-00000.parquet")
    pairs = pl.DataFrame(
        {
            "row_id": twins["doc_id"],
            "file": twins["file"],
            "record": twins["record"],
            "rule": ["duplicate.minhash"] * 4 + ["duplicate.exact"],
            "value": [0.71, 0.8, 0.9, 0.99, 1.0],
            "similarity": [0.71, 0.8, 0.9, 0.99, 1.0],
            "duplicate_of": kept["doc_id"][2:7],
        }
    )
    save(tables.ledger(pairs, "minhash", "drop"), folder, "ledger", step, "duplicates-00000-00000.parquet")
    damaged = pl.DataFrame(
        {
            "file": ["corpus.jsonl"],
            "record": [7],
            "rule": ["reader.damaged"],
            "detail": [f"found {HOSTILE}, expected an object"],
        }
    )
    save(tables.ledger(damaged, "read", "drop"), folder, "ledger", step, "read-00000-00000.parquet")
    dropped_by = {
        "reader.damaged": 1,
        "gopher.words": 6120,
        "length.characters": 2210,
        "korean.hangul": 41,
        "duplicate.exact": 5102,
        "duplicate.minhash": 2904,
    }
    return {
        "records": 27412,
        "damaged": 1,
        "characters": 21_312_999,
        "edited": {"normalise.space": 812, "pii.email": 1433},
        "dropped": dropped_by,
        "stages": {"read": 1, "rules": 8371, "exact": 5102, "minhash": 2904},
        "passed": 27412 - sum(dropped_by.values()),
    }


def turns(role: str, text: str) -> list[dict[str, str]]:
    return [{"role": role, "content": text}]


def write_samples(folder: Path, step: str, origin: str, tiers: tuple[str | None, ...]) -> None:
    rows, inputs = [], []
    for number in range(12):
        task = (*NEW, *OLD)[number % 5]
        content = {"prompt": turns("user", f"{number}: {HOSTILE}"), "completion": turns("assistant", KOREAN)}
        given = {"prompt": content["prompt"], "completion": turns("assistant", f"reference {number} {HOSTILE}")}
        parent = tables.sample_id(task, "human", given, [])
        inputs.append({**given, "sample_id": parent, "task": task, "origin": "human", "parents": []})
        rows.append(
            {
                **content,
                "sample_id": tables.sample_id(task, origin, content, [parent]),
                "task": task,
                "origin": origin,
                "tier": tiers[number % len(tiers)],
                "parents": [parent],
                "generation": None,
                "checks": [{"name": "short_answer", "score": 1.0, "threshold": 1.0, "passed": True}],
            }
        )
    schema = tables.samples_schema("prompt_completion")
    save(pl.DataFrame(rows, schema=schema), folder, "samples", step, f"{step}.parquet")
    save(tables.complete(pl.DataFrame(inputs), schema), folder, "work", step, "rows.parquet")


def rate(wrong: int, of: int, low: float, high: float) -> dict[str, Any]:
    return {"wrong": wrong, "of": of, "rate": wrong / of, "low": low, "high": high, "budget": 0.08, "shown": True}


def distill_facts() -> dict[str, Any]:
    tiers = {"gold_fallback": 61, "new_knowledge": 30, "verified_rewrite": 402, "verified_self": 47}
    return {
        "rows": 540,
        "tiers": tiers,
        "tiers_by_task": {
            "acronym": {"verified_rewrite": 200, "gold_fallback": 61},
            "요일": {"verified_rewrite": 202, "verified_self": 47, "new_knowledge": 30},
        },
        "fallback_reasons": {"short_answer": 80, "length": 11},
        "requests": {"candidates": 1204, "used": 449, "known_samples": 0},
        "rejections": {"self": {"short_answer": 400}, "rewrite": {"leak": 12, "short_answer": 40}},
        "verified_by_template": {"closed book": {"asked": 540, "verified": 47}},
        "length_ratio": {"median": 0.61, "lowest": 0.2, "highest": 1.4},
        "nats_per_token": {"references": 3.21, "distilled": 0.81, "rows": 540},
        "inconsistent_references": 0,
        "tokens": {"prompt": 41233, "generated": 9120},
        "canaries": {
            "false_accept": {**rate(1, 120, 0.0015, 0.046), "by_kind": {}},
            "false_reject": rate(0, 60, 0.0, 0.06),
        },
        "generated": 1204,
        "cached": 0,
    }


def rehearse_facts() -> dict[str, Any]:
    dropped = {"rehearse.duplicate": 60, "rehearse.unparsed": 19, "rehearse.not_selected": 241}
    task = {
        "demos": 20,
        "demos_unfit": 0,
        "demos_flattened": 0,
        "demos_left": 0,
        "prompts": 190,
        "requests": 380,
        "wanted": 60,
        "kept": 60,
        "shortfall": 0,
        "dropped": dropped,
        "different_inputs": 310,
        "agree_with_refinement": 0.93,
        "labels": {},
    }
    short = {**task, "kept": 41, "shortfall": 19}
    return {
        "requests": 380 * len(OLD),
        "samples": 60 * len(OLD) - 19,
        "dropped": {reason: number * len(OLD) for reason, number in dropped.items()},
        "shortfall": {OLD[0]: 19},
        "tokens": {"prompt": 1, "generated": 2},
        "tasks": {name: short if name == OLD[0] else task for name in OLD},
    }


def train_facts(weight: float) -> dict[str, Any]:
    source = {
        "rows": 480,
        "tokens": 41_000,
        "loss_tokens": 9_000,
        "passes": 1.5,
        "dropped": 0,
        "split": 0,
        "available": {"rows": 480, "tokens": 30_000},
        "fingerprint": "0" * 32,
    }
    return {
        "fingerprint": "a" * 32,
        "model": {"name": "seed_model", "fingerprint": "b" * 32},
        "options": {"method": "sft", "tuning": "lora", "steps": 150, "batch_size": 16, "learning_rate": 0.002},
        "sources": {"new-tasks.jsonl": {**source, "weight": weight}, "rehearsal": {**source, "weight": 1 - weight}},
        "versions": {"torch": "2"},
        "device": "cpu",
        "tokens": 82_000,
        "final_loss": 0.412,
        "losses": [3.0 / (1 + step / 20) + 0.01 * weight for step in range(150)],
    }


def evaluate_facts() -> dict[str, Any]:
    """Plain tuning forgets, the others keep; the new tasks are learned by all."""
    new, old = (0.03, 0.93, 0.92, 0.94), (0.97, 0.21, 0.93, 0.96)
    scores, comparison = [], []
    for task in (*OLD, *NEW):
        means = new if task in NEW else old
        for model, mean in zip(MODELS, means, strict=True):
            scores.append(
                {
                    "model": model,
                    "task": task,
                    "metric": "contains",
                    "items": 200,
                    "mean": mean,
                    "low": mean - 0.03,
                    "high": mean + 0.03,
                }
            )
            if model != MODELS[0]:
                gain = mean - means[0]
                comparison.append(
                    {
                        "model": model,
                        "stage": "",
                        "task": task,
                        "metric": "contains",
                        "items": 200,
                        "kind": "new" if task in NEW else "old",
                        "before": means[0],
                        "after": mean,
                        "difference": gain,
                        "low": gain - 0.04,
                        "high": gain + 0.04,
                        "p": 0.001,
                        "p_holm": 0.009,
                    }
                )
    summary = [
        {
            "model": model,
            "metric": "score",
            "kept": kept > 0.95,
            "learned": {"mean": after - new[0], "low": after - new[0] - 0.02, "high": after - new[0] + 0.02},
            "forgotten": {"mean": old[0] - kept, "low": old[0] - kept - 0.015, "high": old[0] - kept + 0.015},
        }
        for model, after, kept in zip(MODELS[1:], new[1:], old[1:], strict=True)
    ]
    answers = [{"model": model, "answers": 1800, "cut": 45 if model == MODELS[1] else 0} for model in MODELS]
    return {
        "base": MODELS[0],
        "models": list(MODELS),
        "answers": answers,
        "scores": scores,
        "comparison": comparison,
        "summary": summary,
    }


def synthesize_facts() -> dict[str, Any]:
    return {
        "method": "qa",
        "samples": 12,
        "requests": {"requests": 40, "used": 14},
        "rejections": {"qa.unparsed": 20, "qa.answerable": 6},
        "novelty": {"novelty.repeats_sample": 2},
        "yield_by_task": {HOSTILE: {"rows": 9, "used": 5}},
        "closed_book": {"asked": 14, "right": 2, "share": 2 / 14},
    }


def merge_facts() -> dict[str, Any]:
    return {
        "options": {"method": "slerp", "t": 0.5},
        "parents": [{"name": "plain", "fingerprint": "0" * 32}, {"name": HOSTILE, "fingerprint": "1" * 32}],
        "base": None,
        "tensors": 29,
        "cosine": {"lowest": 0.91, "median": 0.99},
        "straight": 0.25,
        "length_ratio": 0.998,
        "distance": {"between": 3.0, "relative": 0.12},
    }


def whole_recipe() -> Recipe:
    train = {"job": "train", "model": "seed", "data": [{"path": "new-tasks.jsonl"}]}
    return validate(
        {
            "name": "demo <i>of</i> everything",
            "steps": {
                "documentation": {"job": "curate", "inputs": ["/somewhere/private/corpus/corpus.jsonl"]},
                "distilled": {"job": "distill", "model": "seed", "data": ["new-tasks.jsonl"]},
                "rehearsal": {"job": "rehearse", "model": "seed", "demos": ["demos.jsonl"]},
                "questions": {"job": "synthesize", "method": "qa", "model": "seed", "data": ["step:documentation"]},
                "plain": train,
                "kept": {**train, "data": [{"path": "step:distilled"}]},
                "merged": {"job": "merge", "models": ["step:plain", "step:kept"]},
                "grown": {"job": "expand", "model": "seed", "data": ["step:documentation"]},
                "examined": {
                    "job": "evaluate",
                    "models": {name: "seed" for name in MODELS},
                    "tasks": ["test.jsonl"],
                    "new_tasks": list(NEW),
                    "margin": 0.03,
                },
            },
        },
        "test",
    )


def write_run(folder: Path) -> None:
    """The files of a run of `whole_recipe`."""
    facts: dict[str, Any] = {"documentation": write_curation(folder, "documentation")}
    write_samples(
        folder, "distilled", "self_distilled", ("verified_self", "verified_rewrite", "gold_fallback", "new_knowledge")
    )
    write_samples(folder, "rehearsal", "rehearsal", (None,))
    write_samples(folder, "questions", "question_answer", (None,))
    facts |= {
        "distilled": distill_facts(),
        "rehearsal": rehearse_facts(),
        "questions": synthesize_facts(),
        "plain": train_facts(1.0),
        "kept": train_facts(0.6),
        "merged": merge_facts(),
        "grown": {"new_tokens": 40, "base": HOSTILE, "held_out_characters": 900, "before": 1.19, "after": 0.62},
        "examined": evaluate_facts(),
    }
    storage.write_text(json.dumps(facts, ensure_ascii=False), folder / "work" / "facts.json")
    events = [{"event": "step", "step": name, "tasks": 1, "seconds": 12.34} for name in facts]
    storage.write_text("".join(json.dumps(event) + "\n" for event in events) + '{"event": "st', folder / "run.jsonl")


@pytest.fixture
def recipe() -> Recipe:
    return whole_recipe()


@pytest.fixture
def run_folder(tmp_path: Path) -> Path:
    write_run(tmp_path)
    return tmp_path


@pytest.fixture(scope="session")
def whole_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run folder with its report, to be read only."""
    folder = tmp_path_factory.mktemp("whole")
    write_run(folder)
    write_report(folder, whole_recipe())
    return folder
