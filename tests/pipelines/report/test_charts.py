"""Charts: valid specifications, drawn with the page's colours, hostile names escaped."""

import xml.etree.ElementTree as ElementTree

import pytest

from pipelines.report import charts

NAME = '</text><script>alert("1")</script>'
CHARTS = {
    "bars": charts.bars_with_intervals(
        [{"name": NAME, "mean": 5.0, "low": 4.0, "high": 6.0, "end": 6.0, "label": "5"}],
        charts.LEARNED,
        (0, 10),
        "x",
        [NAME],
    ),
    "funnel": charts.funnel([{"name": NAME, "left": 5, "dropped": 2, "before": 7, "label": "5"}]),
    "stacked": charts.stacked(
        [{"name": NAME, "group": NAME, "count": 3, "order": 0}], {NAME: charts.LEARNED}, [NAME], "rows"
    ),
    "dots": charts.dots([{"task": NAME, "model": NAME, "score": 50}], [NAME], [NAME], (0, 100), "score"),
    "curves": charts.curves(
        [{"step": 1, "loss": 2.0, "model": NAME}, {"step": 2, "loss": 1.0, "model": NAME}], [NAME], "loss"
    ),
}


@pytest.mark.parametrize("name", CHARTS)
def test_chart_is_valid_and_escapes_names(name: str) -> None:
    chart = CHARTS[name]
    chart.to_dict(validate=True)
    drawn = charts.svg(chart, f"said: {NAME}")
    root = ElementTree.fromstring(drawn)
    assert root.attrib["aria-label"] == f"said: {NAME}" and root.attrib["role"] == "img"
    assert not [element for element in root.iter() if element.tag.endswith("script")]
    assert any(NAME[:7] in "".join(element.itertext()) for element in root.iter() if element.tag.endswith("text"))


def test_colours_are_the_page_s_and_not_black_on_black() -> None:
    drawn = charts.svg(CHARTS["bars"], "")
    assert "var(--learned)" in drawn and "var(--ink)" in drawn
    assert '"#000"' not in drawn and '"black"' not in drawn


@pytest.mark.parametrize("name", CHARTS)
def test_drawing_again_gives_the_same_svg(name: str) -> None:
    first = charts.svg(CHARTS[name], "")
    assert charts.svg(CHARTS[name], "") == first
    assert " id=" not in first  # ids of several charts on one page would clash
