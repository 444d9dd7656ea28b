"""Which prompts ask the same, exactly or nearly.

Nearly is narrower than similar: `What is 3 + 4?` and `What is 3 + 5?` share all but one character, and the capital of
another country is another question. Prompts ask the same when, in order, their tokens are the same but for

- case, spacing, marks that are no arithmetic, and in Korean the spaces between words (`key`);
- light words (articles, forms of be and do, please), a plural s, and in Korean the choice between 은, 는, 이 and 가,
  between 을 and 를, and the ending of a question (`content_key`);
- one wrong letter in a long lower-case word (`same_but_for_typos`), for which MinHash finds the candidates.

Numbers, signs of arithmetic, negations and names are always told apart.
"""

import unicodedata

import polars as pl
import re2
from rapidfuzz.distance import OSA

from ..dedup import minhash
from ..dedup.shingles import ShingleOptions

_LIGHT_WORDS = (
    "a an the of in on at for is are was were be been do does did please could can would you tell me us i my this that"
    " so then just exactly"
)
_LIGHT = frozenset(_LIGHT_WORDS.split())
_TOKEN = re2.compile(r"\d+(?:[.,:]\d+)*|[\p{L}\p{M}']+|[+*/=<>^%$€£₩-]")
_HANGUL = re2.compile(r"[가-힣]")
_QUESTION = re2.compile(
    r"(?:인가요|은가요|는가요|나요|ㄴ가요|습니까|입니까|니까|까요|은가|는가|인가|이야|니|냐|죠|지요|요)$"
)
_SUBJECT, _OBJECT = re2.compile(r"[가-힣](?:은|는|이|가)$"), re2.compile(r"[가-힣](?:을|를)$")
_TYPO_FROM = 6  # letters from which one wrong letter is a typing error and not another word


def key(prompt: str) -> str:
    """Equal keys ask the same: NFC, lower case, tokens alone; in Korean without the spaces between words."""
    joint = "" if _HANGUL.search(prompt) else " "
    return joint.join(_TOKEN.findall(unicodedata.normalize("NFC", prompt).lower()))


def content_key(prompt: str) -> str:
    """Equal content keys ask nearly the same; `key` where nothing but light words is left."""
    tokens = _TOKEN.findall(unicodedata.normalize("NFC", prompt).lower())
    content = [token for token in tokens if token not in _LIGHT]
    if content and _HANGUL.search(content[-1]):  # before particles, since 인가 ends as one
        content[-1] = _QUESTION.sub("", content[-1]) or content[-1]
    return " ".join(map(_bare, content)) or key(prompt)


def _bare(token: str) -> str:
    if _HANGUL.search(token):  # by hand: what re2 puts in comes out as bytes of UTF-8 read one by one
        particle = "는" if _SUBJECT.search(token) else "를" if _OBJECT.search(token) else token[-1]
        return token[:-1] + particle
    is_plural = len(token) > 3 and token.isascii() and token.isalpha() and token[-1] == "s" and token[-2] != "s"
    return token[:-1] if is_plural else token


def groups(texts: pl.Series, similarity: float | None) -> pl.DataFrame:
    """Which prompts ask the same.

    Args:
        texts: distinct prompts in any order.
        similarity: least Jaccard similarity of character 4-grams of prompts that may differ in typing errors; null for
            groups by `key` alone.

    Returns:
        `prompt`, `group` (equal for those that ask the same) and `similarity` (to the prompt that stands for the group;
        1 but for typing errors), by prompt. Prompts without a token are in no group and left out.
    """
    ordered = texts.sort()
    rows = pl.DataFrame({"prompt": ordered, "key": pl.Series([key(text) for text in ordered], dtype=pl.String)})
    rows = rows.filter(pl.col("key") != "").with_columns(group="key", similarity=pl.lit(1.0))
    if similarity is None:
        return rows.select("prompt", "group", "similarity")
    # Prompts with one key get the content key of the first, so that groups only ever grow.
    first = rows.group_by("key").agg(first=pl.col("prompt").first()).sort("key")
    content = pl.Series([content_key(text) for text in first["first"]], dtype=pl.String)
    rows = rows.drop("group").join(first.select("key", group=content), on="key", maintain_order="left")
    typed = _typos(rows.group_by("group").agg(text=pl.col("prompt").first()).sort("group"), similarity)
    rows = rows.join(typed, on="group", how="left", maintain_order="left")
    return rows.select("prompt", group=pl.coalesce("same_as", "group"), similarity=pl.coalesce("near", "similarity"))


def _typos(prompts: pl.DataFrame, similarity: float) -> pl.DataFrame:
    """Groups whose prompt has typing errors of another's: `group`, `same_as`, `near`.

    Of several candidates only the most similar that stands for others is tried: what is missed is kept.
    """
    options = minhash.MinHashOptions(
        threshold=similarity, shingles=ShingleOptions(characters=4, character_share=0.0), keep_order=("-length",)
    )
    found = minhash.decide(prompts.select("text", doc_id="group"), options, threads=1)
    text = dict(prompts.iter_rows())
    pairs = found.select("doc_id", "duplicate_of").iter_rows()
    same = pl.Series([same_but_for_typos(text[one], text[other]) for one, other in pairs], dtype=pl.Boolean)
    return found.filter(same).select(group="doc_id", same_as="duplicate_of", near="similarity")


def same_but_for_typos(one: str, other: str) -> bool:
    """Whether the content of two prompts is the same but for one wrong letter in long words without a capital."""
    mine, theirs = _written(one), _written(other)
    return len(mine) == len(theirs) and all(_same_word(a, b) for a, b in zip(mine, theirs, strict=True))


def _written(prompt: str) -> list[str]:
    """Tokens as they are written, without light words."""
    tokens = _TOKEN.findall(unicodedata.normalize("NFC", prompt))
    return [token for token in tokens if token.lower() not in _LIGHT]


def _same_word(one: str, other: str) -> bool:
    a, b = _bare(one.lower()), _bare(other.lower())
    if a == b:
        return True
    is_word = a.isascii() and b.isascii() and a.isalpha() and b.isalpha()
    is_name = one[0].isupper() or other[0].isupper()
    long = min(len(a), len(b)) >= _TYPO_FROM
    return is_word and not is_name and long and a[0] == b[0] and OSA.distance(a, b, score_cutoff=1) <= 1
