from pathlib import Path

from train import checkpoints


def test_the_newest_whole_checkpoint_counts_and_what_a_kill_left_is_removed(tmp_path: Path) -> None:
    state = checkpoints.folder_of(tmp_path / "work", "one")
    for step, complete in ((2, True), (10, True), (12, False)):
        checkpoints.named(state, step).mkdir()
        if complete:
            checkpoints.mark(checkpoints.named(state, step))
    found = checkpoints.last(state)
    assert found == checkpoints.named(state, 10)
    assert checkpoints.step(found) == 10
    assert not checkpoints.named(state, 12).exists()


def test_another_run_s_checkpoints_are_not_used(tmp_path: Path) -> None:
    state = checkpoints.folder_of(tmp_path / "work", "one")
    checkpoints.named(state, 2).mkdir()
    checkpoints.mark(checkpoints.named(state, 2))
    (tmp_path / "work" / checkpoints.KEPT[0]).mkdir()
    assert checkpoints.last(checkpoints.folder_of(tmp_path / "work", "two")) is None
    assert not state.exists()
    assert (tmp_path / "work" / checkpoints.KEPT[0]).is_dir()


def test_without_a_checkpoint_a_run_begins_at_step_0(tmp_path: Path) -> None:
    assert checkpoints.step(checkpoints.last(checkpoints.folder_of(tmp_path / "work", "one"))) == 0


def test_a_checkpoint_with_a_file_cut_off_gives_way_to_the_one_before(tmp_path: Path) -> None:
    state = checkpoints.folder_of(tmp_path / "work", "one")
    for step in (2, 4, 6, 8):
        (checkpoints.named(state, step) / "parts").mkdir(parents=True)
        for name in ("model.safetensors", "parts/optimizer.pt"):
            (checkpoints.named(state, step) / name).write_bytes(b"x" * 100)
        checkpoints.mark(checkpoints.named(state, step))
    (checkpoints.named(state, 8) / "parts" / "optimizer.pt").write_bytes(b"x" * 60)
    (checkpoints.named(state, 6) / "model.safetensors").unlink()
    (checkpoints.named(state, 4) / checkpoints.COMPLETE).write_text('{"model.saf')
    assert checkpoints.discard(state) == ["checkpoint-4", "checkpoint-6", "checkpoint-8"]
    assert checkpoints.discard(state) == [] and checkpoints.last(state) == checkpoints.named(state, 2)
    assert [folder.name for folder in state.iterdir()] == ["checkpoint-2"]
