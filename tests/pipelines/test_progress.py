import re
import threading
import time

import pytest

from pipelines import progress


def test_what_is_over_soon_shows_nothing(capfd):
    with progress.track("reading", 10, "rows") as advance:
        for _ in range(10):
            advance(1)
    assert capfd.readouterr() == ("", "")


def test_a_long_job_says_how_far_it_is_its_rate_and_the_time_left(capfd, monkeypatch):
    monkeypatch.setattr(progress, "QUIET_SECONDS", 0.05)
    monkeypatch.setattr(progress, "LINE_SECONDS", 0.0)
    with progress.track("reading", 4, "MB") as advance:
        for _ in range(4):
            time.sleep(0.03)
            advance(1, note="a.jsonl")
    lines = capfd.readouterr().err.splitlines()
    assert len(lines) >= 2
    assert re.fullmatch(r"reading: \d of 4 MB, [\d.]+ MB/s, \d+ s left, a\.jsonl", lines[0]), lines[0]


def test_of_an_unknown_total_only_amount_and_rate_are_said(capfd, monkeypatch):
    monkeypatch.setattr(progress, "QUIET_SECONDS", 0.0)
    with progress.track("generating", None, "answers") as advance:
        advance(3)
    assert re.fullmatch(r"generating: 3 answers, [\d,.]+ answers/s\n", capfd.readouterr().err)


def test_a_total_that_becomes_known_later_says_the_time_left(capfd, monkeypatch):
    monkeypatch.setattr(progress, "QUIET_SECONDS", 0.0)
    with progress.track("training", None, "steps") as advance:
        time.sleep(0.01)
        advance(1, "loss 2.000", 4)
    said = capfd.readouterr().err
    assert re.fullmatch(r"training: 1 of 4 steps, [\d,.]+ steps/s, \d+ s left, loss 2\.000\n", said), said


def test_what_is_waited_for_is_said_once_it_takes_long_and_then_how_long(capfd, monkeypatch):
    monkeypatch.setattr(progress, "QUIET_SECONDS", 0.05)
    with progress.waiting("tuned: loading a model"):
        pass
    assert capfd.readouterr() == ("", "")
    with progress.waiting("tuned: loading a model"):
        time.sleep(0.3)
        assert capfd.readouterr() == ("", "tuned: loading a model …\n")
    assert capfd.readouterr() == ("", "tuned: loading a model: 0 s\n")


def test_what_failed_has_no_seconds(capfd, monkeypatch):
    monkeypatch.setattr(progress, "QUIET_SECONDS", 0.0)
    threads = threading.active_count()
    with pytest.raises(ValueError), progress.waiting("loading"):
        time.sleep(0.1)
        raise ValueError
    assert capfd.readouterr().err == "loading …\n"
    assert threading.active_count() == threads


def test_a_small_amount_has_a_decimal(capfd, monkeypatch):
    monkeypatch.setattr(progress, "QUIET_SECONDS", 0.0)
    with progress.track("reading", 0.25, "MB") as advance:
        advance(0.125)
    assert capfd.readouterr().err.startswith("reading: 0.1 of 0.2 MB, ")
