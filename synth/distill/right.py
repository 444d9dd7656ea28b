"""Candidates that must pass, made from a row's own answer or reference by changes that the check's definition allows.

For canaries of runs with few rows. What is right about them follows from what the check says of itself: a short answer
may stand in any sentence, JSON may be spaced and its keys ordered in any way, keywords of a call may come in any order.
"""

import ast
from collections.abc import Iterator, Sequence
from itertools import islice
from string import ascii_lowercase, ascii_uppercase

from curation.checks import call_variants, typed_answers
from curation.checks.placeholders import hidden, parsed, shown
from curation.checks.typed_result import compiled, folded, is_hangul, unfenced

from . import json_text, open_words, planted
from .item import Item

_SENTENCES = {
    "en": ("It is {}.", "That is {}.", "This is {}.", "So it is {}.", "It must be {}.", "I say {}.", "{}, I think.",
           "It would be {}.", "Well, it is {}.", "As far as I know, it is {}."),
    "ko": ("{}입니다.", "그것은 {}입니다.", "여기서는 {}입니다.", "제 생각에는 {}입니다.", "바로 {}입니다.",
           "{}, 바로 이것입니다.", "아마 {}일 것입니다.", "보시다시피 {}입니다.", "제가 알기로는 {}입니다.",
           "그러니까 {}입니다."),
}  # fmt: skip
# Behind yes or no, with which an answer begins; none of these says either itself.
_SURE = {
    "en": ("{}, as far as I know.", "{}, I am sure.", "{}, without a doubt.", "{}, clearly.", "{}! That is certain.",
           "{}. I have looked it up."),
    "ko": ("{}, 제가 알기로는요.", "{}, 확실합니다.", "{}, 틀림없습니다.", "{}, 분명합니다.",
           "{}! 누구나 아는 일입니다.", "{}. 직접 찾아보았습니다."),
}  # fmt: skip
_COMMENTS = ("# a solution", "# written for this task")
_SIGNS = ("0123456789", ascii_lowercase, ascii_uppercase, "가나다라마바사아자차카타파하")
_MATCHES = 12  # of a pattern, from one text
_MOSTLY = 0.8  # share of letters in one script from which a text is written in it


def answers(item: Item) -> Iterator[tuple[str, str]]:
    """Kind and text of candidates that say what the row's reference says; none where its check allows no change.

    A text in another script than the reference's is left out, since it would rightly fail the check of the language.
    """
    reference, answer = item.reference.strip(), (item.answer or "").strip()
    makers = {
        "short_answer": _said, "number": _said, "choice": _said, "json": _json, "json_schema": _json,
        "python_call": _calls, "python_code": _code, "python_output": _code, "regex": _matching,
    }  # fmt: skip
    if item.answer is None:
        made = _open(reference)
    elif item.kind in makers:
        said = item.kind in ("short_answer", "number", "choice", "json", "python_call")
        made = makers[item.kind](item, answer if said else reference)
    else:
        return
    written = _script(reference) if any(map(str.isalpha, reference)) else _script(item.question)
    seen = {reference}
    for kind, text in made:
        if text not in seen and (not any(map(str.isalpha, text)) or _script(text) == written is not None):
            seen.add(text)
            yield kind, text


def _script(text: str) -> str | None:
    """English letters or Hangul, whichever nearly all letters are."""
    letters = [letter for letter in text.lower() if letter.isalpha()]
    shares = {"en": sum("a" <= letter <= "z" for letter in letters), "ko": sum(map(is_hangul, letters))}
    return next((name for name, count in shares.items() if letters and count >= _MOSTLY * len(letters)), None)


def _said(item: Item, answer: str) -> Iterator[tuple[str, str]]:
    """The bare answer, alone and in sentences; not in those whose own words make a choice of the row.

    Yes and no stand at the beginning of theirs. Choices of one letter stand in capitals.
    """
    if item.kind == "choice" and len(answer) == 1 and answer.isascii():
        answer = answer.upper()
    yield "the bare answer", answer
    language = "ko" if planted.korean(item.reference if _script(item.reference) else item.question) else "en"
    yes_or_no = item.kind == "short_answer" and typed_answers.yes_or_no(answer)
    if yes_or_no:
        said = answer.rstrip(" .。!?,").capitalize()
    else:
        said = answer if item.kind == "choice" else planted.uninflected(answer)
    for form in (_SURE if yes_or_no else _SENTENCES)[language]:
        text = form.format(said)
        if not any(_times(text, choice) > _times(said, choice) for choice in item.choices):
            yield "in a sentence", text


def _times(text: str, choice: str) -> int:
    """How often a choice stands in a text as whole words, or before particles in Korean."""
    words, wanted = (folded(one).replace(".", " ").replace(",", " ").split() for one in (text, choice))
    places = [words[at : at + len(wanted)] for at in range(len(words) - len(wanted) + 1)] if wanted else []
    return sum(place[:-1] == wanted[:-1] and _inflects(place[-1], wanted[-1]) for place in places)


def _inflects(word: str, stem: str) -> bool:
    return word.startswith(stem) if is_hangul(stem[-1]) else word == stem


def _json(item: Item, text: str) -> Iterator[tuple[str, str]]:
    """The same value spaced otherwise, with its keys in another order, in a code block."""
    try:
        value = json_text.read(text)
        plain = json_text.written(value, text)
        spaced = [json_text.written(value, text, indent) for indent in (0, 1, 2, 4)]
        spaced += [json_text.written(value, text, separators=signs) for signs in ((",", ":"), (" , ", " : "))]
    except ValueError:
        return
    yield from (("other spacing", one) for one in (plain, *spaced))
    if isinstance(value, dict) and len(value) > 1:
        turned = dict(reversed(value.items()))
        yield "keys in another order", json_text.written(turned, text)
        yield "keys in another order", json_text.written(turned, text, indent=2)
    yield from _blocks((plain,), "json")


def _calls(item: Item, text: str) -> Iterator[tuple[str, str]]:
    """The same call with its keywords in another order, written out anew, with more lines, in a code block."""
    call = unfenced(text).strip()
    try:
        orders = call_variants.reordered(call)
        anew = shown(ast.unparse(parsed(hidden(call))))
    except (SyntaxError, ValueError, RecursionError):
        return
    yield from (("keywords in another order", one) for one in orders)
    yield "written out anew", anew
    # Several calls, or one with a comment behind it, are something else in brackets.
    if _same_tree(f"({call})", call):
        yield "in brackets", f"({call})"
    yield from _blocks((call, *orders), "python")


def _same_tree(one: str, other: str) -> bool:
    """Whether two texts are the same Python."""
    try:
        return ast.dump(parsed(hidden(one))) == ast.dump(parsed(hidden(other)))
    except (SyntaxError, RecursionError):
        return False


def _blocks(texts: Sequence[str], language: str) -> Iterator[tuple[str, str]]:
    """Each text in a code block; none of a text that would end it."""
    for text in texts:
        if "```" not in text:
            yield from (("in a code block", f"```{name}\n{text}\n```") for name in ("", language))


def _code(item: Item, text: str) -> Iterator[tuple[str, str]]:
    """The same program with comments and empty lines, in a code block."""
    code = unfenced(text)
    if "```" in code:  # a block among other text: what is beside it is no program
        return
    commented = [f"{comment}\n{code}" for comment in _COMMENTS] + [f"{code}\n{comment}" for comment in _COMMENTS]
    yield from (("with a comment", one) for one in commented)
    yield "empty lines", f"\n\n{code}\n\n"
    yield from _blocks((code, *commented), "python")


def _matching(item: Item, text: str) -> Iterator[tuple[str, str]]:
    """Texts in which one digit or letter is another and that match the pattern all the same: nothing more is asked."""
    pattern = compiled(item.answer or "")
    places = [(at, signs, signs.index(text[at])) for at in range(len(text)) for signs in _SIGNS if text[at] in signs]
    changed = (
        f"{text[:at]}{signs[(place + step) % len(signs)]}{text[at + 1 :]}"
        for step in range(1, max(map(len, _SIGNS)))
        for at, signs, place in places
        if step < len(signs)
    )
    yield from islice((("another match", one) for one in changed if pattern.fullmatch(one)), _MATCHES)


def _open(reference: str) -> Iterator[tuple[str, str]]:
    """The reference with other white space, in quotes or bold, as a list, and in what says the same (`planted.alike`).

    Another speech level is left out: the signs refuse it in many long texts, which is known (docs/checks.md).
    """
    words = reference.split(" ")
    yield "other spacing", "  ".join(words)
    yield "other spacing", reference.replace(". ", ".\n")
    yield "other spacing", reference.replace("\n", "\n\n")
    yield "in quotes", f'"{reference}"'
    if "\n" not in reference:
        yield "in bold", f"**{reference}**"
        if len(sentences := open_words.sentences(reference)) > 1:
            yield "as a list", "\n".join(f"- {sentence}" for sentence in sentences)
    yield from ((kind, text) for kind, text in planted.alike(reference).items() if kind != "other speech level")
