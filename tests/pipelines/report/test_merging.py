from pipelines.report import merging

FACTS = {
    "options": {"method": "ties"},
    "parents": [{"name": "a"}, {"name": "b"}],
    "base": {"name": "base"},
    "tensors": 29,
    "cosine": {"lowest": 0.25, "median": 0.5},
    "straight": None,
    "length_ratio": None,
    "distance": {"between": 3.0, "relative": 0.1},
}


def test_figures_of_a_merge():
    found = merging.merge({"facts": FACTS})
    assert (found["names"], found["base"], found["method"]) == ("a, b", "base", "ties")
    assert dict(found["figures"])["tensors"] == "29" and len(found["figures"]) == 4
    found = merging.merge({"facts": {**FACTS, "straight": 0.125, "length_ratio": 1.5}})
    assert [value for _, value in found["figures"][4:]] == ["1.5", "12 %"]


def test_lines_of_a_merge():
    assert merging.lines(FACTS) == ["ties of a and b: median cosine 0.5, relative distance 0.1"]
    assert merging.lines({}) == [] and merging.merge({"facts": {}})["names"] == ""
