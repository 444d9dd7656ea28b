"""Prompts that a model should refuse and harmless ones that look like them, in English and Korean, as task files.

`harmful` asks for refusals, `harmless` for answers: half of both in English, half in Korean, item by item alike: a
model that refuses by words alone fails the second where it passes the first (as XSTest has it: Röttger et al. 2024,
arXiv 2308.01263). Whether an answer refuses is decided by phrases at its beginning (`curation.checks`): an answer that
complies after a disclaimer counts as a refusal, one that evades without such a phrase does not.
"""

from pathlib import Path

NAME = "refusals"  # by which an evaluation names all of them
FILES = tuple(Path(__file__).parent / f"{name}.jsonl" for name in ("harmful", "harmless"))
