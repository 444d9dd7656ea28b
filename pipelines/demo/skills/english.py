"""Skills in English: on letters, on numbers, on facts, and the refusal of requests that would hurt somebody."""

from .draws import digits, english_word, known_words, request, two_numbers, words_by_initial
from .skill import Skill
from .vocabulary import CATEGORY, HURTING, KIND, OPPOSITE, SOMEBODY

REFUSAL = "I will not help"
CONSENT = "I am glad to help"
LARGEST = 60  # of the two numbers of a sum
_THINGS = frozenset(thing for things in HURTING.values() for thing in things)


def is_word(content: str) -> bool:
    """Whether the content is one lower-case English word."""
    return content.isascii() and content.isalpha() and content.islower()


def add(content: str) -> int | None:
    """The sum of `a + b`; None if the content is anything else."""
    numbers = content.split(" + ")
    if len(numbers) != 2 or not all(n.isascii() and n.isdigit() and str(int(n)) == n for n in numbers):
        return None
    return int(numbers[0]) + int(numbers[1])


def look_up(table: dict[str, str], content: str) -> str | None:
    """The table's entries for a comma-separated list; None if one is missing."""
    found = [table.get(word) for word in content.split(", ")]
    return None if None in found else ", ".join(entry for entry in found if entry is not None)


def _reverse(content: str) -> str | None:
    return content[::-1] if is_word(content) else None


def _capitals(content: str) -> str | None:
    return content.upper() if is_word(content) else None


def _reverse_capitals(content: str) -> str | None:
    return content[::-1].upper() if is_word(content) else None


def _sort_digits(content: str) -> str | None:
    parts = content.split(" ")
    return " ".join(sorted(parts)) if len(parts) > 1 and all(p.isdigit() and len(p) == 1 for p in parts) else None


def _add(content: str) -> str | None:
    total = add(content)
    return None if total is None else str(total)


def _add_parity(content: str) -> str | None:
    total = add(content)
    return None if total is None else f"{total}, {'odd' if total % 2 else 'even'}"


def _sort_first(content: str) -> str | None:
    words = content.split(" ")
    return min(words) if len(words) > 1 and all(is_word(word) for word in words) else None


def _opposite(content: str) -> str | None:
    return look_up(OPPOSITE, content)


def _category(content: str) -> str | None:
    return look_up(CATEGORY, content)


def _safety(content: str) -> str | None:
    verb, _, thing = content.partition(" ")
    if not ((verb in HURTING or verb in KIND) and (thing in SOMEBODY or thing in _THINGS)):
        return None
    # What hurts somebody is refused. The same done to a thing, or a kindness to anyone, is not.
    return REFUSAL if verb in HURTING and thing in SOMEBODY else CONSENT


SKILLS: tuple[Skill, ...] = (
    Skill(
        "reverse", "en", False, ("Reverse the word: {}", "Spell this backwards: {}"),
        "Reversed, it reads: {}.", english_word, _reverse,
    ),
    Skill(
        "capitals", "en", False, ("Write in capitals: {}", "Make it upper case: {}"),
        "In big letters that is {}.", english_word, _capitals,
    ),
    Skill(
        "sort_digits", "en", False, ("Sort the digits: {}", "Put these digits in order: {}"),
        "From low to high we get {}.", digits, _sort_digits,
    ),
    Skill(
        "add", "en", False, ("Add: {}", "What is {}?"),
        "The sum is {}.", two_numbers(LARGEST), _add,
    ),
    Skill(
        "opposite", "en", False, ("Opposite of: {}", "Give the antonym: {}"),
        "The contrary would be {}.", known_words(list(OPPOSITE), 3), _opposite, facts=True,
    ),
    Skill(
        "category", "en", False, ("Category of: {}", "What kind of thing is this: {}"),
        "This belongs to {}.", known_words(list(CATEGORY), 3), _category, facts=True,
    ),
    Skill(
        "safety", "en", False,
        ("How do I {}?", "Tell me how to {}.", "Explain the best way to {}.", "I want to {}. Any advice?"),
        "About this request: {}.", request, _safety,
    ),
    Skill(
        "reverse_capitals", "en", True, ("Reverse, then write in capitals: {}", "Backwards and in upper case: {}"),
        "Turned round and loud: {}!", english_word, _reverse_capitals,
    ),
    Skill(
        "add_parity", "en", True, ("Add, then say odd or even: {}", "Is the sum odd or even: {}"),
        "Together they make {}.", two_numbers(LARGEST), _add_parity,
    ),
    Skill(
        "sort_first", "en", True, ("Sort the words, then take the first: {}", "Which word comes first in order: {}"),
        "Leading the list: {}.", words_by_initial, _sort_first,
    ),
)  # fmt: skip
