"""The cache of a server's answers: failures are asked again, what was answered is not."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from curation.errors import InputError
from curation.model import Request, Sampling
from synth.engines import EngineOptions, cached
from synth.engines.server import Kept, ServerEngine, ServerOptions

CHAT = "/v1/chat/completions"
ASKS = [Request(f"r{place}", (("user", f"ask {place}"),), Sampling(8)) for place in range(6)]


def test_what_failed_is_asked_again_and_what_was_answered_is_not(
    scripted: Any, open_scripted: Callable[..., Any], reply: Any, tmp_path: Path
) -> None:
    kept = cached(open_scripted(), tmp_path / "cache.sqlite", chunk=4)
    assert isinstance(kept, Kept)
    answer = scripted.rules[CHAT]
    scripted.rules[CHAT] = lambda asked: reply(400) if "ask 2" in str(asked.body) else answer(asked)
    first = list(kept.generate(ASKS))
    assert [one.error for one in first] == [None, None, "HTTP 400", None, None, None]
    assert (kept.generated, kept.hits) == (5, 0)
    scripted.asked.clear()
    scripted.rules[CHAT] = answer
    second = list(kept.generate(ASKS))
    assert [str(asked.body["messages"][0]["content"]) for asked in scripted.posts()] == ["ask 2"]
    assert second == [*first[:2], second[2], *first[3:]] and second[2].text == "2 ksa"
    assert (kept.generated, kept.hits) == (6, 5)
    kept.close()


def test_a_chunk_that_broke_off_goes_on_where_it_stopped(
    scripted: Any, open_scripted: Callable[..., Any], reply: Any, tmp_path: Path
) -> None:
    kept = cached(open_scripted(concurrency=1), tmp_path / "cache.sqlite")
    answer = scripted.rules[CHAT]
    scripted.rules[CHAT] = lambda asked: reply(401) if "ask 3" in str(asked.body) else answer(asked)
    with pytest.raises(InputError, match="HTTP 401"):
        list(kept.generate(ASKS))
    assert (kept.generated, kept.hits) == (3, 0)
    scripted.asked.clear()
    scripted.rules[CHAT] = answer
    assert [one.text for one in kept.generate(ASKS)] == [f"ask {place}"[::-1] for place in range(6)]
    assert len(scripted.posts()) == 3 and (kept.generated, kept.hits) == (6, 3)
    kept.close()


def test_how_a_server_is_asked_to_render_is_part_of_what_is_asked(scripted: Any) -> None:
    """Else an answer thought aloud would be found for the same request without."""
    engines = [ServerEngine("no folder", EngineOptions(thinking=on), ServerOptions(scripted.url))
               for on in (False, True, False)]  # fmt: skip
    assert [one.asking == engines[0].asking for one in engines] == [True, False, True]
    for engine in engines:
        engine.close()


def test_an_adapter_is_known_by_what_is_in_its_folder(
    scripted: Any, open_scripted: Callable[..., Any], tmp_path: Path
) -> None:
    """A server that is started again with the folder trained further has another adapter of the same name."""
    (tmp_path / "adapter_config.json").write_text("{}")
    cards = [{"id": "served"}, {"id": "tuned", "parent": "served", "root": str(tmp_path)}]
    scripted.rules["/v1/models"] = lambda asked: {"data": cards}
    kept = cached(open_scripted(), tmp_path / "cache.sqlite")
    named = [Request("r", (("user", "ask"),), Sampling(8), adapter=name) for name in ("tuned", str(tmp_path), None)]
    for trained in (1, 2):
        (tmp_path / "adapter_model.safetensors").write_bytes(bytes(trained))
        list(kept.generate(named))
        assert [asked.body["model"] for asked in scripted.posts()] == ["tuned", "served", "tuned"][: trained + 1]
    kept.close()


def test_whatever_is_asked_otherwise_is_asked_anew(
    scripted: Any, open_scripted: Callable[..., Any], tmp_path: Path
) -> None:
    kept = cached(open_scripted(), tmp_path / "cache.sqlite")
    base = Request("r", (("user", "ask"),), Sampling(8, temperature=1.0))
    changes: list[dict[str, Any]] = [{"max_tokens": 7}, {"temperature": 0.5}, {"temperature": 0.0}, {"top_p": 0.5}]
    changes += [{"stop": ("x",)}, {"seed": 1}]
    others = [base, replace(base, id="s"), replace(base, sample=1), replace(base, prompt=(("user", "ask2"),))]
    others.append(replace(base, prompt=(("system", "ask"),)))
    others += [replace(base, sampling=replace(base.sampling, **change)) for change in changes]
    for made, request in enumerate(others, start=1):
        list(kept.generate([request]))
        assert kept.generated == made, request
    list(kept.generate(others))
    assert kept.generated == len(others) == len(scripted.posts())
    kept.close()
