"""report.html: one file that asks nothing of the network and runs no script."""

import json
from typing import Any

from jinja2 import Environment

PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>{{ report.name }}</title><h1>{{ report.name }}</h1>
{% for step in report.steps %}<h2>{{ step.name }} ({{ step.job }})</h2><pre>{{ step.text }}</pre>{% endfor %}</html>
"""


def render(report: dict[str, Any]) -> str:
    """The page of a report."""
    environment = Environment(autoescape=True)
    steps = [{**step, "text": json.dumps(step["facts"], ensure_ascii=False, indent=1)} for step in report["steps"]]
    return environment.from_string(PAGE).render(report={**report, "steps": steps})
