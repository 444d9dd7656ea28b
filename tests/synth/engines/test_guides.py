"""Guides as grammars: they mean to xgrammar what they mean to RE2 and to JSON Schema, or are refused."""

import json
import random

import pytest
import re2
import torch
import xgrammar
from jsonschema import Draft202012Validator
from transformers import PreTrainedTokenizerFast

from curation.model import Guide
from synth.engines import guides

ALPHABET = list("aAbzxn09_-.]^$\\ \n\t\x0b\u00a0하é:|(){}/\"'#,~")
REGEXES = [
    "^a+$", r"\d+", r"\w+", "[가-힣]+", "a.b", ".*", "a|b", "(a|b){2,3}", "[^a]", r"\s", r"\S+", r"[\s,]+", r"[^\s]+",
    r"\x41", r"\x0ab", r"\x41B", r"[\x41-\x43]", "[[a]+", r"[a\]b]", r"\-\.", "[.]", r"a\$", r"\^a", r"\D\W",
    r"[\w.\-]+", "a*?", "(?:ab)+", r"\\", r"[\\a]", r"[^\n]", r"a\n", r"[\d가]{2}", r"\/", "a{0}", "a{0,0}b", "[a-]",
    "[$^]", "[^^]", "^", "$", '"', r"\v", r"\f", "a||b", "(|a)b", "()", r"\#", r"[\-\]]", "[!-~]+", "[+--]", r"[\n-\r]",
]  # fmt: skip


@pytest.fixture(scope="module")
def compiler() -> xgrammar.GrammarCompiler:
    letters = [bytes([code]) for code in range(256)]
    alphabet = xgrammar.TokenizerInfo([*letters, "<end>"], stop_token_ids=[256])
    return xgrammar.GrammarCompiler(alphabet, max_threads=1)


def takes(grammar: xgrammar.CompiledGrammar, text: str) -> bool:
    matcher = xgrammar.GrammarMatcher(grammar, terminate_without_stop_token=True)
    return (not text or matcher.accept_string(text)) and matcher.is_terminated()


@pytest.mark.parametrize("regex", REGEXES)
def test_a_regex_takes_what_re2_takes(compiler: xgrammar.GrammarCompiler, regex: str) -> None:
    guide = Guide(regex=regex)
    assert guides.fault(guide) is None
    grammar = compiler.compile_regex(guides.pattern(guide))
    rng = random.Random(1)
    texts = ["".join(rng.choices(ALPHABET, k=length)) for length in (0, 1, 1, 2, 2, 3) for _ in range(60)]
    texts += [*ALPHABET, "aba", "abab", "a\nb", "a하b", "12", "AB", "\nb", "a\n", "가0"]
    assert [text for text in texts if bool(re2.fullmatch(regex, text)) != takes(grammar, text)] == []


@pytest.mark.parametrize(
    ("regex", "said"),
    [
        (r"\bcat", r"it has \b, which xgrammar has not"),
        (r"\Aa\z", r"it has \A, which xgrammar has not"),
        (r"\pL", r"it has \p, which xgrammar has not"),
        (r"\Q.\E", r"it has \Q, which xgrammar has not"),
        (r"\x{41}", r"it has \x{...}, which xgrammar has not"),
        (r"[\S]", r"it has \S, which xgrammar has not"),
        ("[[:alpha:]]", "has a class such as [:alpha:]"),
        ("[]a]", "has ] first in a class"),
        ("[^]]", "has ] first in a class"),
        ("(?i)a", "has a flag or a name in a group"),
        ("(?P<x>a)", "has a flag or a name in a group"),
        ("a$b", "has $ in its midst"),
        ("x{a}", "xgrammar cannot read it (Invalid repetition count.)"),
        (r"[^\d\D]", "no answer obeys it"),
    ],
)
def test_a_regex_that_would_mean_something_else_is_refused(regex: str, said: str) -> None:
    found = guides.fault(Guide(regex=regex))
    assert found is not None and found.startswith("guide regex: ") and said in found


def test_choices_are_taken_to_the_letter(compiler: xgrammar.GrammarCompiler) -> None:
    choices = ("예", "no(pe)", "a|b", "[x]{2}", "line\nbreak", "-", "\\d", '"q"', "\x01", "^$", "tab\t🙂", "\r\n", ".")
    guide = Guide(choice=choices)
    assert guides.fault(guide) is None
    grammar = compiler.compile_regex(guides.pattern(guide))
    assert [choice for choice in choices if not takes(grammar, choice)] == []
    assert not [text for text in ("a", "b", "1", "", "x", "예예", "xx", "\n") if takes(grammar, text)]


VALUES = [
    1, 2, 2.5, 1.2, 5, 0, -1, "a", "ab", "abcd", None, True, [], [1], [1, 2], ["a"], [1, "a"], {}, {"a": 1}, {"a": [1]},
    {"b": "x"}, {"a": 1, "b": "y"}, "하늘", "\x12b", {"next": {"next": {}}},
]  # fmt: skip
EXACT = [
    {"type": "number", "minimum": 1.5, "maximum": 3}, {"enum": [1, "a", None]}, {"const": {"a": [1]}},
    {"type": "string", "minLength": 2, "maxLength": 3}, {"type": ["string", "null"]}, {"type": "integer", "minimum": 1},
    {"type": "string", "enum": ["a", "하늘"]}, {"anyOf": [{"type": "integer"}, {"type": "null"}]},
    {"$ref": "#/$defs/x", "$defs": {"x": {"type": "integer"}}}, {"type": "array", "items": {"enum": ["a"]}}, {},
    {"type": "array", "prefixItems": [{"type": "integer"}, {"type": "string"}], "minItems": 2, "items": False},
    {"type": "object", "additionalProperties": {"type": "integer"}}, {"type": "number", "exclusiveMinimum": 0},
    {"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "string"}}, "required": ["b"],
     "additionalProperties": False},
    {"$ref": "#/$defs/n", "$defs": {"n": {"type": "object", "properties": {"next": {"$ref": "#/$defs/n"}},
                                          "additionalProperties": False}}},
]  # fmt: skip


@pytest.mark.parametrize("schema", EXACT)
def test_a_schema_takes_the_values_that_it_allows(compiler: xgrammar.GrammarCompiler, schema: dict) -> None:
    guide = Guide(json_schema=json.dumps(schema))
    assert guides.fault(guide) is None
    grammar = compiler.compile_grammar(guides.grammar(guide))
    allowed = Draft202012Validator(schema)
    for value in VALUES:
        text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
        if value != "\x12b":  # which has other spellings than the one that json writes
            assert takes(grammar, text) == allowed.is_valid(value), text
    assert not takes(grammar, '"\x12b"') and not takes(grammar, '{"a": 1}') and not takes(grammar, "[1, 2]")


def deep(levels: int) -> dict:
    return {"type": "array", "items": deep(levels - 1)} if levels else {"type": "null"}


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ({"type": "string", "pattern": "a"}, "'pattern' cannot be held to"),
        ({"oneOf": [{"type": "null"}]}, "'oneOf' cannot be held to"),
        ({"type": "array", "items": {"type": "integer", "multipleOf": 3}}, "'multipleOf' cannot be held to"),
        ({"anyOf": [{"type": "array", "uniqueItems": True}]}, "'uniqueItems' cannot be held to"),
        ({"properties": {"a": {"type": "string"}}, "type": "object", "anyOf": [{}]}, "'properties' stands beside"),
        ({"type": "string", "enum": ["a", 1]}, "'type' stands beside 'enum'"),
        ({"minLength": 3}, "'minLength' without the type string"),
        ({"type": "object", "required": ["z"]}, "'z' is required but not among the properties"),
        ({"$ref": "#/$defs/y"}, "xgrammar cannot read it (Cannot find field $defs"),
        ({"$ref": "http://example.org/schema"}, "expected one that begins with #/"),
        ({"type": "integer", "minimum": 5, "maximum": 3}, "minimum greater than maximum"),
        ({"enum": []}, "enum array must not be empty"),
        ({"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/a"}}}, "no answer obeys it"),
        (deep(40), "nested deeper than 32 levels"),
    ],
)
def test_a_schema_that_an_answer_could_break_is_refused(schema: dict, said: str) -> None:
    found = guides.fault(Guide(json_schema=json.dumps(schema)))
    assert found is not None and found.startswith("guide json_schema: ") and said in found


def test_a_schema_of_as_many_levels_as_there_may_be_is_held_to() -> None:
    faults = [guides.fault(Guide(json_schema=json.dumps(deep(levels)))) for levels in (32, 33)]
    assert faults[0] is None and "nested deeper than 32 levels" in str(faults[1])


def test_an_answer_is_held_token_by_token(write_tokenizer) -> None:
    tokenizer: PreTrainedTokenizerFast = write_tokenizer()
    end = tokenizer.eos_token_id
    held = guides.Guides(tokenizer, 320, frozenset({end})).begin(Guide(choice=("cat", "cats")))
    logits = torch.zeros(320)
    before = logits.clone()
    said = ""
    for _ in range(4):
        allowed = torch.isfinite(held.mask(logits)).nonzero()[:, 0].tolist()
        assert end not in allowed or said in ("cat", "cats")
        longest = max(
            (token for token in allowed if token != end), key=lambda one: len(tokenizer.decode([one])), default=end
        )
        if longest == end:
            break
        held.add(longest)
        said += tokenizer.decode([longest])
    assert said == "cats" and allowed == [end] and torch.equal(logits, before)
    with pytest.raises(AssertionError, match="drawn against its guide"):
        held.add(5)
