"""Which questions `qa` takes for questions about other texts: of people's sets, and of a model taught to ask.

    python -m benchmarks.relevance --data DATA [--model FOLDER --seeds 1,2,3 --engine vllm]

DATA is the folder of public files. Every question is held against its own text and against the next one of its set, at
several `min_relevance`: what is refused of the first is an error, what is not of the second another. With a model
(`benchmarks.short_prompts --model FOLDER` keeps one), the pairs that it makes are right or wrong by the rule that wrote
their documents; beside relevance stand other ways to find the wrong ones, each with what it costs. Wilson intervals.
"""

import argparse
import functools
import gzip
import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from benchmarks import known_words, short_prompts
from benchmarks.known_words import QA
from benchmarks.lessons import LANGUAGES
from benchmarks.methods import share
from curation import tokens
from curation.model import ScoreRequest
from synth.engines import open_engine
from synth.engines.cache import Cached
from synth.synthesize import own, plain
from synth.synthesize.qa import QaOptions, qa
from synth.synthesize.qa.relevance import relevances

LIMITS = (0.1, 0.2, 0.25, 0.3, 0.4, 0.5)
OTHERS = 8  # documents of the same language that a question's likelihood is held against
FILM, BOOLQ = "instructions/pit-wiki2023-film", "evaluation/kobest-boolq.jsonl.gz"
RIGHTS, ANSWER = "instructions/korean-human-rights-qa.jsonl.gz", "상담례, 결정례 기반 답변"
Set = tuple[dict[Any, str], list[tuple[Any, str]]]  # texts by id; id of the text and question
Pair = dict[str, Any]


def sets(data: Path) -> Iterator[tuple[str, Set]]:
    """Texts with questions that people (of films, a model and people) wrote about them."""
    film = {row["wiki_id"]: row["text"] for row in _rows(data / FILM / "test-doc.jsonl.gz")}
    asked = [(row["wiki_id"], row["question"]) for row in _rows(data / FILM / "test-qa.jsonl.gz")]
    yield "films, English", (film, asked)
    for few in (20, 3):
        some = random.Random(5).sample(sorted(film), few)
        yield f"{few} of the films", ({name: film[name] for name in some}, [one for one in asked if one[0] in some])
    korean = _rows(data / BOOLQ)
    yield "KoBEST BoolQ", ({row["ID"]: row["Text"] for row in korean}, [(row["ID"], row["Question"]) for row in korean])
    rights = _rows(data / RIGHTS)
    yield "Korean legal answers", ({row["번호"]: row[ANSWER] for row in rights},
                                   [(row["번호"], row["질의"]) for row in rights])  # fmt: skip
    medical = [row for row in _rows(data / "corpora" / "medquad-qa.jsonl.gz") if row["answer"]]
    medical = random.Random(1).sample(medical, 1500)
    yield "medical answers", ({row["id"]: row["answer"] for row in medical},
                              [(row["id"], row["question"]) for row in medical])  # fmt: skip


def _rows(file: Path) -> list[dict[str, Any]]:
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def of_people(texts: dict[Any, str], asked: list[tuple[Any, str]]) -> Iterator[tuple[str, Any]]:
    """What is refused of questions to their own texts, and to the next text of the set."""
    names = list(texts)
    after = dict(zip(names, [*names[1:], names[0]], strict=True))
    own = relevances(texts, asked)
    strays = relevances(texts, [(after[name], question) for name, question in asked])
    for least in LIMITS:
        yield f"{least} refuses of its own", share([one < least for one in own])
        yield f"{least} refuses of another text's", share([one < least for one in strays])


def pairs(engine: Cached, model: Path, seed: int, count: int) -> list[Pair]:
    """The pairs that a taught model makes without the check, with everything that could tell the wrong ones."""
    told = short_prompts.told(count, seed)
    texts = dict(short_prompts.documents(told).select("doc_id", "text").iter_rows())
    options = QaOptions(questions=3, max_tokens=48, answer_tokens=16, min_relevance=0.0, templates=QA)
    made = qa(short_prompts.documents(told), engine, options, seed, tokens.load(model))
    found: list[Pair] = []
    for parents, prompt, completion, checks in made.samples.select(
        "parents", "prompt", "completion", "checks"
    ).iter_rows():
        language, known = told[parents[0]]
        question = prompt[0]["content"]
        scores = {check["name"]: check["score"] for check in checks}
        right = known_words.answer_to(question, known, language) == completion[0]["content"]
        found.append({**scores, "document": parents[0], "language": language, "question": question, "right": right})
    draw = random.Random(seed)
    requests = {}
    for number, one in enumerate(found):
        other = [name for name in texts if told[name][0] == one["language"] and name != one["document"]]
        for at, name in enumerate([one["document"], *draw.sample(other, OTHERS)]):
            shown = plain.prompt(own.form("qa", "ask", "en", QA), {"document": texts[name]})
            asked = json.dumps(one["question"], ensure_ascii=False)[1:]
            requests[number, at] = ScoreRequest(f"{number}-{at}", shown, asked, '{"question": "')
    scored = {score.id: score.total for score in engine.score(requests.values())}
    for number, one in enumerate(found):
        mine, *rest = (scored[f"{number}-{at}"] for at in range(OTHERS + 1))
        one["over_mean"], one["over_best"] = mine - sum(rest) / OTHERS, mine - max(rest)
    return found


WAYS: dict[str, Callable[[Pair], bool]] = {
    **{f"relevance of {least} or more": functools.partial(lambda one, at: one["relevant"] >= at, at=least)
       for least in LIMITS},
    "the answer stands in the passage (verbatim)": lambda one: one["verbatim"] == 1,
    "not known without the passage (drop_known)": lambda one: one["closed_book"] == 0,
    "likelier than with the mean of eight others": lambda one: one["over_mean"] > 0,
    "likelier than with each of eight others": lambda one: one["over_best"] > 0,
    "by 1 nat": lambda one: one["over_best"] > 1,
    "by 2 nats": lambda one: one["over_best"] > 2,
}  # fmt: skip


def of_model(every: list[Pair]) -> Iterator[tuple[str, Any]]:
    """Of each way to find wrong pairs: which it finds, and which right ones it takes for wrong, by language."""
    for language in LANGUAGES:
        some = [one for one in every if one["language"] == language]
        yield f"{language}, right of all", share([one["right"] for one in some])
        for name, keeps in WAYS.items():
            yield f"{language}, {name}, wrong found", share([not keeps(one) for one in some if not one["right"]])
            yield f"{language}, {name}, right lost", share([not keeps(one) for one in some if one["right"]])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of public files")
    parser.add_argument("--model", type=Path, help="folder of a taught model, as benchmarks.short_prompts keeps it")
    parser.add_argument("--seeds", default="1,2,3", help="of the documents that it asks about")
    parser.add_argument("--count", type=int, default=40, help="documents of each language and seed")
    parser.add_argument("--engine", default="vllm", help="vllm, transformers or auto")
    given = parser.parse_args()
    for name, (texts, asked) in sets(given.data):
        for key, value in of_people(texts, asked):
            print(f"{name}: {key}: {json.dumps(value)}", flush=True)
    if given.model is not None:
        with open_engine(given.engine, str(given.model / "taught")) as opened:
            engine = Cached(opened, given.model / "answers.sqlite")
            every = [one for seed in given.seeds.split(",")
                     for one in pairs(engine, given.model / "taught", int(seed), given.count)]  # fmt: skip
            for key, value in of_model(every):
                print(f"{key}: {json.dumps(value)}", flush=True)


if __name__ == "__main__":
    main()
