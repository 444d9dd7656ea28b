import polars as pl


def test_a_task_depends_on_the_files_it_reads_and_their_content(step):
    job, pending = step(["a", "b"])
    one = job.work("x/1", ["x"], [("work", "text-00000-00000")], print)
    other = job.work("x/1", ["x"], [("work", "text-00001-00000")], print)
    assert one.name == "c/x/1" and one.inputs != other.inputs
    assert one.arguments == (job.shelf,)


def test_files_are_saved_whole_and_read_by_column(step):
    job, _ = step(["a"])
    frame = pl.DataFrame({"doc_id": ["1"], "n": [2]})
    path = job.shelf.save(frame, "work", "some")
    assert path == "work/c/some.parquet" and (job.run.folder / path).is_file()
    assert job.shelf.load("work", "some").equals(frame)
    assert job.shelf.load("work", "some", ["n"]).columns == ["n"]


def test_a_second_step_of_the_same_name_finds_its_tasks_done(step):
    job, pending = step(["a", "b"])
    assert len(job.records) == 2 and all(record.task.startswith("c/text/") for record in job.records)
    assert set(job.digests) == {path for record in job.records for path in record.outputs}
