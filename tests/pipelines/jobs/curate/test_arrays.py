import numpy as np

from pipelines.jobs.curate import arrays
from pipelines.run import Made


def test_arrays_come_back_with_a_digest_of_what_they_hold(step):
    job, _ = step(["text"])
    numbers = np.arange(6, dtype=np.float32).reshape(2, 3)

    def save(shelf, values):
        return Made((arrays.save(shelf, {"values": values}, "numbers"),))

    digests = []
    for values in (numbers, numbers.T, numbers):
        job.carry_out([job.work("numbers", values.tolist(), [], save, values)], "numbers")
        np.testing.assert_array_equal(arrays.load(job.shelf, "numbers")["values"], values)
        digests.append(arrays.digest(job, "numbers"))
    assert digests[0] == digests[2] != digests[1]
