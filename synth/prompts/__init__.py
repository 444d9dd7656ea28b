"""The prompts that synthesis shows a model: Jinja files beside this module, each known by the hash of its text.

File names are `name.language.jinja`, or `name.jinja` where the words are the same in every language. What a user's
data holds is only ever a value of a template, so braces or instructions in it stay the text they are.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import StrictUndefined
from jinja2.sandbox import SandboxedEnvironment

from curation import tables

FOLDER = Path(__file__).parent
FEW_SHOT_STOP = "\n\n"  # a blank line ends an instance of a few-shot list


@dataclass(frozen=True)
class Template:
    """A prompt with places for values.

    Attributes:
        name: file name without `.jinja`, such as `rewrite_1.en`.
        text: the Jinja source.
    """

    name: str
    text: str

    @property
    def hash(self) -> str:
        """xxh3-128 of the source, 32 hex characters: it changes when a word of the prompt does."""
        return tables.content_id(self.text)

    def render(self, values: Mapping[str, Any]) -> str:
        """The prompt with its values in place.

        Raises:
            jinja2.UndefinedError: when the template uses a value that is not given.
        """
        # newline_sequence stays "\n" and nothing is stripped: a seed model knows these prompts to the character.
        environment = SandboxedEnvironment(undefined=StrictUndefined, keep_trailing_newline=True, autoescape=False)
        return environment.from_string(self.text).render(values)


@cache
def load(name: str) -> Template:
    """The template of a file in this folder, by its name without `.jinja`.

    Raises:
        FileNotFoundError: when there is none.
    """
    return Template(name, (FOLDER / f"{name}.jinja").read_text(encoding="utf-8"))


@cache
def rewrites(language: str, name: str = "rewrite") -> tuple[Template, ...]:
    """The templates that show a model a reference answer to put in other words, in the order of the rounds.

    Args:
        language: ISO 639 code; languages without templates of their own get the English ones, or the only ones.
        name: `rewrite` (in the model's own words) or `translation` (a bad translation made natural; Korean only).
    """
    patterns = (f"{name}_*.{language}.jinja", f"{name}_*.en.jinja", f"{name}_*.jinja")
    files = next((found for pattern in patterns if (found := sorted(FOLDER.glob(pattern)))), [])
    return tuple(load(file.name.removesuffix(".jinja")) for file in files)
