"""The English heuristics of datatrove, run by an interpreter that has it; see `heuristics.py`.

    PYTHON heuristics_datatrove.py PAGES.jsonl RESULT.json

Every filter judges every page as it was read. That is timed once as datatrove ships, and repeated without the clock
with more and more of it put in line with `heuristics.py`: words between white space in place of spaCy's; then the
sentences counted there; then the same marks at the ends of lines. What a step changes is explained by it.
"""

import json
import resource
import sys
import time
from typing import Any

from datatrove.data import Document
from datatrove.pipeline.filters import (
    C4QualityFilter,
    FineWebQualityFilter,
    GopherQualityFilter,
    GopherRepetitionFilter,
    c4_filters,
    fineweb_quality_filter,
    gopher_quality_filter,
    gopher_repetition_filter,
)

FILTERS = {  # in the order of FineWeb's own script
    "gopher_repetition": GopherRepetitionFilter,
    "gopher": GopherQualityFilter,
    "c4": C4QualityFilter,
    "fineweb": FineWebQualityFilter,
}


def judged(pages: list[dict[str, Any]], **line_ends: tuple[str, ...]) -> dict[str, list[str | None]]:
    """Why each filter drops each page, none where it keeps it."""
    filters = {name: make() for name, make in FILTERS.items()}
    if line_ends:
        filters["fineweb"] = FineWebQualityFilter(stop_chars=line_ends["fineweb"])
    found: dict[str, list[str | None]] = {name: [] for name in filters}
    for number, page in enumerate(pages):
        for name, judge in filters.items():  # page by page, as in a pipeline: the words of the last texts are cached
            document = Document(text=page["text"], id=str(number))
            try:
                outcome = judge.filter(document)
            except ZeroDivisionError:
                outcome = False, "ZeroDivisionError"
            found[name].append(None if outcome is True else outcome[1])
    return found


def main() -> None:
    with open(sys.argv[1], encoding="utf-8") as file:
        pages = [json.loads(line) for line in file]
    for make in FILTERS.values():
        make().filter(Document(text="Models are loaded. Then the clock starts.", id="0"))
    loaded = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.process_time()
    shipped = judged(pages)
    seconds = time.process_time() - started
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - loaded
    for module in (gopher_quality_filter, gopher_repetition_filter, fineweb_quality_filter):
        module.split_into_words = lambda text, language: text.split()
    steps = {"shipped": shipped, "words": judged(pages)}
    ends = {line["text"]: line["sentences"] for page in pages for line in page["lines"]}
    c4_filters.split_into_sentences = lambda text, language: [""] * ends.get(text, 0)
    steps["sentences"] = judged(pages)
    c4_filters.END_PUNCTUATION = tuple(pages[0]["c4_line_ends"])
    steps["line ends"] = judged(pages, fineweb=tuple(pages[0]["fineweb_line_ends"]))
    with open(sys.argv[2], "w", encoding="utf-8") as file:
        json.dump({"seconds": seconds, "kilobytes": memory, "steps": steps}, file)


if __name__ == "__main__":
    main()
