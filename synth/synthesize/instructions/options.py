"""Settings of Self-Instruct."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from ... import bounds
from .. import own
from ..own import Values

FORMS = {
    "ask": Values(("shown",)),
    "kind": Values(("instruction",)),
    "instance": Values(("instruction",)),
    "label": Values(("instruction",)),
}


@dataclass(frozen=True)
class InstructionsOptions:
    """How many instructions are made up, from which demonstrations, and which are new enough.

    Attributes:
        wanted: instructions after which no more are asked for.
        rounds: rounds of requests, at most; what one round made up may be shown in the next.
        requests: requests of a round.
        human: demonstrations of a prompt that people wrote (Wang et al. 2022, section 2.2: 6).
        generated: demonstrations of a prompt that the model wrote, as soon as there are so many (2).
        form: `chat` asks for an instruction, then whether it is a classification, then for an instance of it; `list`
            has the model go on with a list of `Input:` and `Output:`, for models without a chat template.
        instances: instances of each instruction, each a request of its own (`chat`).
        max_rouge: ROUGE-L above which an instruction repeats one of the pool (section 2.2: 0.7).
        shortest, longest: characters of an instruction.
        excluded: phrases that no instruction may hold, since a text model cannot do what they ask for.
        temperature, top_p, repetition_penalty: of instructions and instances.
        max_tokens: longest instruction, and longest instance.
        guided: hold the engine to the form of the answer (`chat`).
        min_language: what the shares of scripts of an instruction and those shown have in common, at least.
        language: of the prompts: `auto` (by the instructions shown), `en` or `ko`.
        templates: prompt forms of one's own (Jinja) by name, for all languages: `ask` (with `shown`, a list), `kind`,
            `instance` and `label` (`instruction`).
    """

    wanted: int = 100
    rounds: int = 8
    requests: int = 64
    human: int = 6
    generated: int = 2
    form: Literal["chat", "list"] = "chat"
    instances: int = 1
    max_rouge: float = 0.7
    shortest: int = 8
    longest: int = 1000
    excluded: tuple[str, ...] = (
        "image", "picture", "photo", "graph", "video", "audio", "map", "file",
        "이미지", "사진", "그림", "그래프", "동영상", "오디오", "파일",
    )  # fmt: skip
    temperature: float = 0.7
    top_p: float = 0.95
    repetition_penalty: float = 1.0
    max_tokens: int = 512
    guided: bool = True
    min_language: float = 0.5
    language: str = "auto"
    templates: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        own.check("instructions option templates", self.templates, FORMS)
        counts = bounds.count(self, 1, "wanted", "rounds", "requests", "human", "instances", "shortest")
        rest = {
            **bounds.count(self, 0, "generated"),
            "form": ("chat or list", self.form in ("chat", "list")),
            "longest": ("at least shortest", self.longest >= self.shortest),
            "repetition_penalty": ("above 0", self.repetition_penalty > 0),
            **bounds.share(self, "max_rouge", "min_language"),
            **bounds.language(self),
        }
        bounds.expect("instructions", self, {**counts, **bounds.sampling(self), **rest})
