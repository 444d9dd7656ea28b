"""The page: offline, harmless whatever stands in the run, complete, and readable without eyes."""

import base64
import hashlib
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from pipelines.recipe import Recipe
from pipelines.report.collect import collect
from pipelines.report.page import JOBS, render

VOID = {"meta", "br", "rect", "line", "path"}


class Page(HTMLParser):
    """Tags with attributes, text, and the content of `style`."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text: list[str] = []
        self.style = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "style":
            self.style += data
        self.text.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.tags if name == tag]


@pytest.fixture(scope="module")
def html(whole_run: Path) -> str:
    return (whole_run / "report.html").read_text(encoding="utf-8")


def test_hostile_texts_stay_texts(html: str) -> None:
    page = Page(html)
    assert page.open == []  # every tag closed, so nothing broke out of its place
    names = Counter(tag for tag, _ in page.tags)
    assert not {"script", "img", "iframe", "object", "embed", "link", "base", "form", "input", "i", "b"} & set(names)
    assert names["style"] == 1 and names["html"] == 1
    shown = "".join(page.text)
    assert "</script><script>alert(1)</script><img src=x onerror=alert(2)>" in shown
    assert "demo <i>of</i> everything" in shown and "<b>category</b>" in shown
    assert "${7*7} {{7*7}}" in shown  # no template looks at it again


def test_page_asks_nothing_of_the_network_and_runs_nothing(html: str) -> None:
    page = Page(html)
    for tag, attrs in page.tags:
        assert not any(name.startswith("on") or name in ("style", "src", "action", "xlink:href") for name in attrs), tag
        assert (attrs.get("href") or "#").startswith("#")
    assert "url(" not in page.style and "@import" not in page.style
    policy = next(
        attrs["content"] for attrs in page.all("meta") if attrs.get("http-equiv") == "Content-Security-Policy"
    )
    digest = base64.b64encode(hashlib.sha256(page.style.encode()).digest()).decode()
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def test_characters_that_hide_or_reorder_text_are_shown_by_their_code(html: str) -> None:
    assert not any(character in html for character in "\u202e\u202c\x00\x1b")
    assert "⟨U+202E⟩evil⟨U+202C⟩ ⟨U+0000⟩⟨U+001B⟩[31m" in html


def test_page_speaks_to_screen_readers(html: str) -> None:
    page = Page(html)
    assert page.all("html")[0]["lang"] == "en"
    for attrs in page.all("svg"):
        assert attrs.get("aria-hidden") == "true" or (attrs["role"] == "img" and attrs["aria-label"])
    assert all(attrs.get("scope") in ("col", "row") for attrs in page.all("th"))
    assert html.count("<table") == html.count("<thead")
    headline = next(attrs["aria-label"] for attrs in page.all("svg") if "Forgotten" in (attrs.get("aria-label") or ""))
    assert headline is not None and "plain tuning 76.0 [74.5, 77.5]" in headline


def test_links_lead_to_sections(html: str) -> None:
    page = Page(html)
    ids = [str(attrs["id"]) for _, attrs in page.tags if attrs.get("id")]
    assert len(ids) == len(set(ids))
    assert {str(attrs["href"])[1:] for attrs in page.all("a")} <= set(ids)


def test_page_is_one_small_file_that_says_the_main_things(html: str) -> None:
    assert len(html.encode()) < 1_200_000
    shown = " ".join("".join(Page(html).text).split())
    for said in (
        "27,412 records",
        "gopher.words",
        "value 3, threshold 50",
        "Jaccard similarity 0.71",
        "… 231 more characters",
        "한국어 문서입니다",
        "반대말",
        "keepwise trace RUN",
        "the reference in the model's own words, verified",
        "+90.0",
        "job: curate",
        "plain tuning: 45 of 1,800 answers (2.5 %) were cut at 64 tokens",
    ):
        assert said in shown, said


def thinned(value: Any, every: int, at: int) -> Any:
    """A value without every so-manieth key, counted anew at each level."""
    if not isinstance(value, dict):
        return value
    return {key: thinned(item, every, at) for place, (key, item) in enumerate(value.items()) if place % every != at}


@pytest.mark.parametrize("job", JOBS)
def test_any_fact_may_be_missing(run_folder: Path, recipe: Recipe, job: str) -> None:
    report = collect(run_folder, recipe)
    report["headline"] = []
    step = next(step for step in report["steps"] if step["job"] == job)
    for every, at in ((2, 0), (2, 1), (3, 0), (3, 1), (3, 2)):
        page = render({**report, "steps": [{**step, "facts": thinned(step["facts"], every, at)}]})
        assert Page(page).open == [] and "</html>" in page
