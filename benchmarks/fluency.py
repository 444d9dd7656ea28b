"""Do the marks of `synth.distill.fluency` tell good Korean from bad translations of it?

    python -m benchmarks.fluency [--data FOLDER] [--texts 400] [--model MODEL] [--rows FILE]

Bad translations are made from good Korean (legal answers, legal questions, chat, encyclopedia) by rule. Some kinds of
damage the marks look for; `unseen` kinds they do not, and were written after the marks. Every text is damaged once with
each kind alone and once with a drawn mix of all kinds, at one place in five where it can be.

AUC: the chance that a damaged text has more marks in 100 words than a good one, ties counting half; with a 95 %
bootstrap interval over texts. Patterns were written on the half `development`; the half `test` was not looked at. With
`--model`, the same for nats a character under that model. With `--rows`, damaged rows are written for the recipe
`korean-translation`: chat answers (task `chat`), and answers of the seed model's Korean skills in foreign styles.
"""

import argparse
import json
import random
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import xxhash

from benchmarks import corpora
from curation.model import ScoreRequest
from pipelines.demo.skills import SKILLS, foreign
from synth.distill import fluency
from synth.engines import open_engine

PLACES = 0.2  # share of the places of a kind that are damaged
RESAMPLES = 1000
ENGLISH = {
    "사람": "person", "경우": "case", "학교": "school", "문제": "problem", "법률": "law", "필요": "need",
    "권리": "right", "생각": "thought", "친구": "friend", "사랑": "love", "정보": "information", "사실": "fact",
    "시간": "time",
}  # fmt: skip
Damage = Callable[[str, random.Random], str]


def _swapped(word: str, table: dict[str, str]) -> str:
    """The word with its last particle replaced by another."""
    stripped = word.rstrip(".,!?")
    for ending, other in table.items():
        if len(stripped) > len(ending) + 1 and stripped.endswith(ending):
            return stripped.removesuffix(ending) + other + word[len(stripped) :]
    return word


def _words(text: str, draw: random.Random, change: Callable[[str], str]) -> str:
    """Damage each word that can be, at a share of the places; at least one where any can be."""
    parts = text.split(" ")
    able = [at for at, word in enumerate(parts) if change(word) != word]
    for at in draw.sample(able, min(len(able), max(1, round(PLACES * len(able))))):
        parts[at] = change(parts[at])
    return " ".join(parts)


def _replaced(text: str, draw: random.Random, table: dict[str, str]) -> str:
    places = [(text.find(old), old) for old in table if old in text]
    for _, old in draw.sample(places, min(len(places), max(1, round(2 * PLACES * len(places))))):
        text = text.replace(old, table[old], 1)
    return text


def wrong_form(text: str, draw: random.Random) -> str:
    table = {"을": "를", "를": "을", "와": "과", "과": "와", "으로": "로", "은": "는"}
    return _words(text, draw, lambda word: _swapped(word, table))


def doubled(text: str, draw: random.Random) -> str:
    return _words(text, draw, lambda word: _swapped(word, {"을": "을를", "를": "를을", "는": "는은", "은": "은는"}))


def pronouns(text: str, draw: random.Random) -> str:
    inserted = ["그는", "그녀는", "당신은", "그것은", "그들은"]
    parts = text.split(". ")
    chosen = set(draw.sample(range(len(parts)), max(1, round(PLACES * len(parts)))))
    return ". ".join(f"{draw.choice(inserted)} {part}" if at in chosen else part for at, part in enumerate(parts))


def passives(text: str, draw: random.Random) -> str:
    table = {
        "됩니다": "되어집니다", "되는": "되어지는", "된 ": "되어진 ", "되어 ": "되어져 ", "되었습니다": "되어졌습니다",
        "될 ": "되어질 ", "되면": "되어지면", "보입니다": "보여집니다", "합니다": "하게 되어집니다",
        "했어": "하게 되어졌어",
    }  # fmt: skip
    return _replaced(text, draw, table)


def phrases(text: str, draw: random.Random) -> str:
    table = {
        "에 따라": "에 의해", "에 따른": "에 의한", "할 수 있습니다": "하는 것이 가능합니다",
        "이 있습니다": "을 가지고 있습니다", "가 있습니다": "를 가지고 있습니다", "이 있어": "을 가지고 있어",
        "이 있는": "을 가지고 있는",
        "하고 있습니다": "하고 있는 중입니다", "이지만": "임에도 불구하고", "에서 ": "에서의 ",
    }  # fmt: skip
    return _replaced(text, draw, table)


def spacing(text: str, draw: random.Random) -> str:
    """Particles cut off, words run together, words taken apart."""
    how = draw.randrange(3)
    if how == 0:
        table = {"을": " 을", "를": " 를", "에서": " 에서", "에게": " 에게", "는": " 는", "의": " 의"}
        return _words(text, draw, lambda word: _swapped(word, table))
    if how == 1:
        return _words(text, draw, lambda word: " ".join(word) if len(word) > 4 else word)
    parts = text.split(" ")
    at = draw.randrange(max(1, len(parts) - 4))
    return " ".join([*parts[:at], "".join(parts[at : at + 5]), *parts[at + 5 :]])


def latin(text: str, draw: random.Random) -> str:
    return _replaced(text, draw, ENGLISH)


def wrong_case(text: str, draw: random.Random) -> str:
    """Unseen: a particle of another case, in the form that fits its syllable."""
    closed = {"을": "이", "이": "을", "은": "을"}
    opened = {"를": "가", "가": "를", "는": "를"}
    return _words(text, draw, lambda word: _swapped(word, closed | opened))


def order(text: str, draw: random.Random) -> str:
    """Unseen: the verb of a sentence behind its first word, as in English."""
    parts = [part.split(" ") for part in text.split(". ")]
    chosen = set(draw.sample(range(len(parts)), max(1, round(PLACES * len(parts)))))
    moved = [[p[0], p[-1], *p[1:-1]] if at in chosen and len(p) > 2 else p for at, p in enumerate(parts)]
    return ". ".join(" ".join(part) for part in moved)


def literal(text: str, draw: random.Random) -> str:
    """Unseen: words of another register, as a dictionary gives them."""
    table = {
        "그리고": "및 또한", "하지만": "그러나 반면", "때문": "이유", "많이": "매우 많은", "좋": "양호하",
        "알려": "통지하여",
        "대해": "관하여 그것에 대해", "이러한": "이와 같은 그러한", "따라서": "그러므로 그 결과로서", "경우": "케이스",
        "위해": "목적을 위하여", "수 있": "능력이 있",
    }  # fmt: skip
    return _replaced(text, draw, table)


SEEN: dict[str, Damage] = {
    "wrong_form": wrong_form, "doubled": doubled, "pronouns": pronouns, "passives": passives, "phrases": phrases,
    "spacing": spacing, "latin": latin,
}  # fmt: skip
UNSEEN: dict[str, Damage] = {"wrong_case": wrong_case, "order": order, "literal": literal}


def mixed(text: str, draw: random.Random) -> str:
    """Three kinds in a row, seen or not."""
    for damage in draw.sample([*SEEN.values(), *UNSEEN.values()], 3):
        text = damage(text, draw)
    return text


def half(text: str) -> str:
    """Which half of the measurement a text is for, by its hash."""
    return "test" if xxhash.xxh3_64_intdigest(text.encode()) % 2 else "development"


def auc(good: Sequence[float], bad: Sequence[float]) -> tuple[float, float, float]:
    """Area under the curve with its interval; texts drawn with replacement, a good one with its damaged copy."""
    one, other = np.asarray(good), np.asarray(bad)
    wins = (other[None, :] > one[:, None]) + 0.5 * (other[None, :] == one[:, None])
    draws = np.random.default_rng(0)
    drawn = []
    for _ in range(RESAMPLES):
        weights = np.bincount(draws.integers(0, len(one), len(one)), minlength=len(one)) / len(one)
        drawn.append(weights @ wins @ weights)
    low, high = np.quantile(drawn, [0.025, 0.975])
    return float(wins.mean()), float(low), float(high)


def damaged(texts: Sequence[str], damage: Damage, name: str) -> list[tuple[str, str]]:
    """Good texts that the kind can damage, each with its damaged copy."""
    pairs = [(text, damage(text, random.Random(f"{name}/{text}"))) for text in texts]
    return [(good, bad) for good, bad in pairs if good != bad]


def said(pairs: list[tuple[str, str]], score: Callable[[str], float]) -> str:
    if len(pairs) < 20:
        return f"{len(pairs):>4} texts: too few"
    middle, low, high = auc([score(good) for good, _ in pairs], [score(bad) for _, bad in pairs])
    return f"{len(pairs):>4} texts  AUC {middle:.3f} [{low:.3f}, {high:.3f}]"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data")
    parser.add_argument("--texts", type=int, default=400, help="texts of each half and corpus")
    parser.add_argument("--model", help="model whose nats a character are measured as well")
    parser.add_argument("--rows", type=Path, help="write damaged rows to this file, and stop")
    given = parser.parse_args()
    if given.rows:
        write_rows(given.rows, corpora.folder(given.data), given.texts)
        return
    found = {name: texts for name, texts in corpora.korean(corpora.folder(given.data)).items() if name != "reviews"}
    found["chat"] = [answer for text in found["chat"] if (answer := text.partition("\n")[2]).count(" ") >= 3]
    for name, texts in found.items():
        for part in ("development", "test"):
            mine = [text for text in dict.fromkeys(texts) if half(text) == part]
            mine = random.Random(name).sample(mine, min(given.texts, len(mine)))
            marks = fluency.compare((text, text) for text in mine)
            assert marks is not None
            before = marks["before"]
            print(f"{name}, {part}: {len(mine)} texts, {before['marks_per_100_words']:.2f} marks in 100 good words "
                  + json.dumps({rule: round(rate, 3) for rule, rate in before["by_rule"].items()}))  # fmt: skip
            for kind, damage in {**SEEN, **UNSEEN, "mixed": mixed}.items():
                seen = "unseen" if kind in UNSEEN else ""
                print(f"  {kind:<12} {seen:<7} {said(damaged(mine, damage, kind), fluency.rate)}")
            if given.model and part == "test":
                surprises(mine[: given.texts // 4], given.model)


def write_rows(file: Path, data: Path, count: int) -> None:
    """`count` damaged rows of chat and as many of skills; `good` holds the text that was damaged."""
    chat = [text.partition("\n") for text in corpora.korean(data)["chat"]]
    rows = [{"task": "chat", "prompt": asked, "good": said} for asked, _, said in chat if said.count(" ") >= 3]
    rows = random.Random("rows").sample(rows, count)
    mine = [skill for skill in SKILLS if skill.voice == "ko"]
    for skill in mine:
        for number, item in enumerate(skill.items("train", count // len(mine), 0)):
            one = {"task": skill.name, "prompt": item.prompt, "answer": item.answer, "check": "short_answer"}
            rows.append({**one, "good": foreign(item, number)})
    lines = []
    for row in rows:
        bad = mixed(row["good"], random.Random(row["good"]))
        if bad != row["good"] and row.get("answer", "") in bad:
            lines.append(json.dumps({**row, "completion": bad}, ensure_ascii=False) + "\n")
    file.write_text("".join(lines), encoding="utf-8")
    print(f"{len(lines)} of {len(rows)} rows could be damaged without losing their answer")


def surprises(texts: list[str], model: str) -> None:
    """The same by nats a character under a model."""
    pairs = damaged([text[:200] for text in texts], mixed, "mixed")
    every = list(dict.fromkeys(text for pair in pairs for text in pair))
    with open_engine("transformers", model) as engine:
        requests = [ScoreRequest(str(at), (("user", "한국어로 쓰세요."),), text) for at, text in enumerate(every)]
        scores = {every[int(score.id)]: score for score in engine.score(requests)}
    able = [pair for pair in pairs if all(scores[text].error is None for text in pair)]
    print(f"  mixed, nats a character: {said(able, lambda text: -scores[text].total / len(text))}")


if __name__ == "__main__":
    main()
