"""Charts as SVG without script: colours come from the page's style, so that they follow light and dark."""

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import vl_convert
from markupsafe import Markup, escape

Rows = Sequence[Mapping[str, Any]]

INK, MUTED, LINE, BACK = "var(--ink)", "var(--muted)", "var(--line)", "var(--paper)"
LEARNED, FORGOTTEN, NEUTRAL = "var(--learned)", "var(--forgotten)", "var(--neutral)"
SERIES = [f"var(--series-{number})" for number in range(1, 7)]
WIDTH = 560  # of a chart with its labels, CSS pixels; it shrinks with the screen
LABELS = 170  # of it for the labels of the rows


def _legend(columns: int) -> alt.Legend:
    """Above the chart; wide gaps, since a browser's letters may be wider than those that Vega measured."""
    return alt.Legend(title=None, orient="top", columns=columns, labelLimit=300, columnPadding=36, rowPadding=4)


def _colours(number: int) -> list[str]:
    return [SERIES[place % len(SERIES)] for place in range(number)]


def svg(chart: alt.Chart | alt.LayerChart | alt.HConcatChart, described: str) -> Markup:
    """Draw a chart; `described` is what a screen reader says in its place."""
    styled = (
        chart.configure(background="transparent", padding={"left": 26, "right": 8, "top": 4, "bottom": 4})
        .configure_axis(
            labelColor=INK,
            titleColor=MUTED,
            gridColor=LINE,
            domainColor=LINE,
            tickColor=LINE,
            labelFontSize=14,
            titleFontSize=13,
            titleFontWeight="normal",
            labelLimit=LABELS,
        )
        .configure_view(stroke=None)
        .configure_legend(labelColor=INK, titleColor=MUTED, labelFontSize=14, symbolType="square", symbolSize=140)
        .configure_text(color=INK, fontSize=14)
    )
    drawn = vl_convert.vegalite_to_svg(
        styled.to_dict(validate=False)
    )  # the tests validate; it takes longer than drawing
    # The serialiser of Vega escapes every text; the mark of an image makes the description speak for all of it.
    return Markup(drawn.replace("<svg ", f'<svg role="img" aria-label="{escape(described)}" ', 1))


def bars_with_intervals(
    rows: Rows, colour: str, domain: tuple[float, float], title: str, order: Sequence[str]
) -> alt.LayerChart:
    """A bar a row with its interval and value: columns `name`, `mean`, `low`, `high` (points) and `label`."""
    data = alt.Data(values=[dict(row) for row in rows])
    y = alt.Y("name:N", sort=list(order), title=None, axis=alt.Axis(domain=False, ticks=False, labelPadding=8))
    x = alt.X(
        "mean:Q", scale=alt.Scale(domain=list(domain), nice=False), title=title, axis=alt.Axis(tickCount=5, ticks=False)
    )
    base = alt.Chart(data).encode(y=y)
    bars = base.mark_bar(color=colour, size=24).encode(x=x)
    rules = base.mark_rule(color=INK, strokeWidth=1.6).encode(x=alt.X("low:Q"), x2="high:Q")
    text = base.mark_text(align="left", dx=7, fontWeight="bold").encode(x=alt.X("end:Q"), text="label:N")
    return (bars + rules + text).properties(width=WIDTH - LABELS - 40, height=alt.Step(44))


def funnel(rows: Rows) -> alt.LayerChart:
    """What is left after each stage: columns `name`, `left`, `dropped`, `label`."""
    order = [row["name"] for row in rows]
    data = alt.Data(values=[dict(row) for row in rows])
    y = alt.Y("name:N", sort=order, title=None, axis=alt.Axis(domain=False, ticks=False, labelPadding=8))
    top = max([row["left"] + row["dropped"] for row in rows] + [1])
    x = alt.X("left:Q", scale=alt.Scale(domain=[0, top * 1.32]), axis=None)
    base = alt.Chart(data).encode(y=y)
    kept = base.mark_bar(color=LEARNED, size=24).encode(x=x)
    lost = base.mark_bar(color=FORGOTTEN, opacity=0.45, size=24).encode(x=alt.X("left:Q"), x2="before:Q")
    text = base.mark_text(align="left", dx=8).encode(x=alt.X("before:Q"), text="label:N")
    return (kept + lost + text).properties(width=WIDTH + 120 - LABELS, height=alt.Step(34))


def stacked(rows: Rows, colours: Mapping[str, str], names: Sequence[str], title: str) -> alt.Chart:
    """Stacked bars of counts: columns `name`, `group` (with a colour each), `count`, `order`."""
    data = alt.Data(values=[dict(row) for row in rows])
    return (
        alt.Chart(data)
        .mark_bar(size=20)
        .encode(
            y=alt.Y("name:N", sort=list(names), title=None, axis=alt.Axis(domain=False, ticks=False, labelPadding=8)),
            x=alt.X("count:Q", title=title, axis=alt.Axis(tickCount=5, ticks=False, format="~s")),
            color=alt.Color(
                "group:N",
                scale=alt.Scale(domain=list(colours), range=list(colours.values())),
                legend=_legend(3),
            ),
            order="order:Q",
        )
        .properties(width=WIDTH + 120 - LABELS, height=alt.Step(28))
    )


def dots(
    rows: Rows, tasks: Sequence[str], models: Sequence[str], domain: tuple[float, float], title: str
) -> alt.LayerChart:
    """Scores of every model on every task, the base first: columns `task`, `model`, `score`."""
    data = alt.Data(values=[dict(row) for row in rows])
    y = alt.Y(
        "task:N", sort=list(tasks), title=None, axis=alt.Axis(domain=False, ticks=False, labelPadding=8, grid=True)
    )
    shapes = ["circle", "square", "triangle-up", "diamond", "cross", "triangle-down"]
    used = [shapes[number % len(shapes)] for number in range(len(models))]
    colours = [NEUTRAL, *_colours(len(models) - 1)]
    marks = (
        alt.Chart(data)
        .mark_point(size=110, filled=True, opacity=0.9)
        .encode(
            y=y,
            x=alt.X("score:Q", scale=alt.Scale(domain=list(domain)), title=title, axis=alt.Axis(tickCount=5)),
            color=alt.Color(
                "model:N",
                scale=alt.Scale(domain=list(models), range=colours),
                legend=_legend(2),
            ),
            shape=alt.Shape("model:N", scale=alt.Scale(domain=list(models), range=used)),
        )
    )
    return alt.LayerChart(layer=[marks]).properties(width=WIDTH + 160 - LABELS, height=alt.Step(30))


def curves(rows: Rows, models: Sequence[str], title: str) -> alt.Chart:
    """Training loss by step: columns `step`, `loss`, `model`."""
    data = alt.Data(values=[dict(row) for row in rows])
    return (
        alt.Chart(data)
        .mark_line(strokeWidth=2)
        .encode(
            x=alt.X("step:Q", title="step", axis=alt.Axis(tickCount=6, grid=False)),
            y=alt.Y("loss:Q", title=title, axis=alt.Axis(tickCount=5)),
            color=alt.Color(
                "model:N",
                scale=alt.Scale(domain=list(models), range=_colours(len(models))),
                legend=alt.Legend(
                    title=None, orient="top", columns=3, labelLimit=300, columnPadding=36, symbolType="stroke"
                ),
            ),
        )
        .properties(width=WIDTH + 40, height=220)
    )


def spark(rows: Rows) -> alt.Chart:
    """A small curve of one measure: columns `step`, `value`."""
    data = alt.Data(values=[dict(row) for row in rows])
    return (
        alt.Chart(data)
        .mark_line(strokeWidth=2, color=SERIES[1])
        .encode(
            x=alt.X("step:Q", title=None, axis=alt.Axis(tickCount=3, grid=False)),
            y=alt.Y("value:Q", title=None, scale=alt.Scale(zero=False), axis=alt.Axis(tickCount=3)),
        )
        .properties(width=240, height=90)
    )
