from pipelines.executors import InProcess, report_progress


def doubled(value: int) -> int:
    report_progress(0.5)
    return 2 * value


def test_calls_are_carried_out_in_turn_with_their_progress():
    told: list[float] = []
    with InProcess() as executor:
        assert list(executor.map([(doubled, (n,)) for n in range(4)], told.append)) == [(n, 2 * n) for n in range(4)]
    assert told == [0.5] * 4


def test_progress_that_nobody_listens_to_is_no_error():
    report_progress(1.0)
