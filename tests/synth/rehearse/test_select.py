"""The buffer's size, its balance over labels and its spread over inputs; what is left out says so."""

from collections import Counter
from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from synth.drop import Drop
from synth.rehearse import RehearseOptions
from synth.rehearse.demos import Task
from synth.rehearse.draft import Draft
from synth.rehearse.select import choose
from synth.rehearse.select import select as select_within
from synth.rehearse.steering import Regions

MakeTask = Callable[..., Task]
MakeDraft = Callable[..., Draft]
DEMOS = [("say one", "x"), ("say two", "y")]


def made(make_task: MakeTask, make_draft: MakeDraft, outputs: list[str]) -> list[Draft]:
    task = make_task(DEMOS)
    return [make_draft(task, n, f"say word{n:03d} {'abc'[n % 3]}", output) for n, output in enumerate(outputs)]


def select(drafts: list[Draft], options: RehearseOptions, seed: int) -> dict[str, int]:
    """Rows of one task, each of cost 1."""
    left = [one for one in drafts if one.drop is None]
    return select_within(drafts, [1] * len(left), options.rows or 0, options, seed)


def kept(drafts: list[Draft]) -> list[Draft]:
    return [one for one in drafts if one.drop is None]


def test_all_stay_where_they_are_no_more_than_wanted(make_task: MakeTask, make_draft: MakeDraft) -> None:
    drafts = made(make_task, make_draft, [f"output {n}" for n in range(20)])
    assert select(drafts, RehearseOptions(per_task=20), seed=1) == {}
    assert len(kept(drafts)) == 20


def test_labels_get_equal_parts_as_far_as_they_go(make_task: MakeTask, make_draft: MakeDraft) -> None:
    """40, 30 and 4 instances of three labels, 30 wanted: all 4 of the rare one, and 13 of each of the others."""
    outputs = ["Yes."] * 40 + ["no"] * 30 + ["perhaps"] * 4
    drafts = made(make_task, make_draft, outputs)
    assert select(drafts, RehearseOptions(per_task=30), seed=1) == {"no": 13, "perhaps": 4, "yes": 13}
    assert Counter(one.output for one in kept(drafts)) == {"Yes.": 13, "no": 13, "perhaps": 4}


def test_the_refined_output_is_the_label(make_task: MakeTask, make_draft: MakeDraft) -> None:
    drafts = made(make_task, make_draft, ["anything"] * 20)
    for number, one in enumerate(drafts):
        one.refined = "yes" if number < 15 else "no"
    assert select(drafts, RehearseOptions(per_task=10), seed=1) == {"no": 5, "yes": 5}


def test_outputs_that_are_no_labels_are_not_balanced(make_task: MakeTask, make_draft: MakeDraft) -> None:
    options = RehearseOptions(per_task=10)
    for outputs in (
        ["same"] * 40,  # one output
        [f"output {n % 11}" for n in range(66)],  # eleven different ones
        [f"output {n % 5}" for n in range(24)],  # each fewer than five times on average
    ):
        drafts = made(make_task, make_draft, outputs)
        assert select(drafts, options, seed=1) == {}
        assert len(kept(drafts)) == 10
    five = made(make_task, make_draft, [f"output {n % 5}" for n in range(25)])  # five times on average is enough
    assert set(select(five, options, seed=1).values()) == {2}


def test_more_labels_than_rows_wanted_leave_some_without(make_task: MakeTask, make_draft: MakeDraft) -> None:
    drafts = made(make_task, make_draft, [f"label {n % 5}" for n in range(50)])
    assert sum(select(drafts, RehearseOptions(per_task=3), seed=1).values()) == len(kept(drafts)) == 3
    reasons = [one.drop.detail.get("why") for one in drafts if one.drop is not None]
    assert reasons.count("its label has no part of the rows wanted") == 20


def test_every_cluster_of_inputs_has_its_part(make_task: MakeTask, make_draft: MakeDraft) -> None:
    """30 inputs about rivers and 10 about violins, clustered in two: of 8 rows, 6 and 2."""
    task = make_task(DEMOS)
    topics = [f"river water flood number {n}" for n in range(30)] + [
        f"violin music concert piece {n}" for n in range(10)
    ]
    drafts = [make_draft(task, n, text, f"output {n}") for n, text in enumerate(topics)]
    select(drafts, RehearseOptions(per_task=8, clusters=2), seed=1)
    assert Counter(one.input.split()[0] for one in kept(drafts)) == {"river": 6, "violin": 2}
    dropped = [one.drop for one in drafts if one.drop is not None]
    assert {drop.rule for drop in dropped} == {"not_selected"} and {drop.cluster for drop in dropped} == {0, 1}


def test_what_was_dropped_before_stays_as_it_is(make_task: MakeTask, make_draft: MakeDraft) -> None:
    drafts = made(make_task, make_draft, [f"output {n}" for n in range(20)])
    for one in drafts[:5]:
        one.drop = Drop("language", 0.5, 0.2)
    select(drafts, RehearseOptions(per_task=6), seed=1)
    assert [one.drop for one in drafts[:5]] == [Drop("language", 0.5, 0.2)] * 5
    assert len(kept(drafts)) == 6


def test_nothing_left_selects_nothing() -> None:
    assert select([], RehearseOptions(), seed=1) == {}


RIVERS = [f"river water flood number {n}" for n in range(30)]
VIOLINS = [f"violin music concert piece {n}" for n in range(10)]


def test_of_each_cluster_those_nearest_to_its_centre_are_taken() -> None:
    every = RIVERS + VIOLINS
    found = choose(every, [f"output {n}" for n in range(40)], [1] * 40, 8, RehearseOptions(clusters=2), 1)
    for cluster in (0, 1):
        places = [at for at in range(40) if found.clusters[at] == cluster]
        taken = [found.distances[at] for at in places if at in found.rows]
        assert taken and max(taken) <= min(found.distances[at] for at in places if at not in found.rows)


def test_a_region_of_a_plan_has_its_part_whatever_its_size() -> None:
    """30 inputs about rivers, 10 about violins; the violins were forgotten: three parts of four are theirs."""
    regions = Regions({7: ["a flood of the river"], 3: ["a concert for violin", "violin music"]}, {7: 0.25, 3: 0.75})
    every = RIVERS + VIOLINS
    options = RehearseOptions(clusters=2)
    found = choose(every, [f"output {n}" for n in range(40)], [1] * 40, 8, options, 1, regions)
    assert Counter(every[at].split()[0] for at in found.rows) == {"violin": 6, "river": 2}
    more = choose(every, [f"output {n}" for n in range(40)], [1] * 40, 20, options, 1, regions)
    assert Counter(every[at].split()[0] for at in more.rows) == {"violin": 10, "river": 10}  # all there are


def test_k_center_reaches_the_odd_ones_and_random_the_many() -> None:
    inputs = [*RIVERS, "zebra crossing the savannah", "prime numbers below twenty"]
    outputs = [f"output {n}" for n in range(32)]
    spread = choose(inputs, outputs, [1] * 32, 4, RehearseOptions(selection="k_center", dimensions=3), 1)
    assert {30, 31} <= set(spread.rows.tolist()) and len(spread.rows) == 4
    drawn = [choose(inputs, outputs, [1] * 32, 4, RehearseOptions(selection="random"), seed) for seed in range(20)]
    assert len({tuple(one.rows.tolist()) for one in drawn}) > 15
    assert Counter(at in (30, 31) for one in drawn for at in one.rows)[False] > 60
    assert (spread.clusters == -1).all()


@settings(max_examples=30, deadline=None)
@given(costs=st.lists(st.integers(1, 60), min_size=1, max_size=30), quota=st.integers(1, 400),
       method=st.sampled_from(["nearest", "k_center", "random"]), labelled=st.booleans())  # fmt: skip
def test_a_quota_of_tokens_is_never_exceeded_and_little_of_it_is_wasted(
    costs: list[int], quota: int, method: str, labelled: bool
) -> None:
    inputs = [f"say word{n:03d} {'abc'[n % 3]}" for n in range(len(costs))]
    outputs = ["yes" if n % 3 else "no" for n in range(len(costs))] if labelled else inputs
    found = choose(inputs, outputs, costs, quota, RehearseOptions(budget_tokens=1, selection=method), 1)
    spent = sum(costs[at] for at in found.rows)
    assert spent <= quota
    left = [cost for at, cost in enumerate(costs) if at not in set(found.rows.tolist())]
    assert not left or min(left) > quota - spent or found.without_part.any()


@settings(max_examples=30)
@given(outputs=st.lists(st.sampled_from(["yes", "no", "maybe", "a", "b", "c"]), max_size=40),
       wanted=st.integers(1, 20), clusters=st.integers(1, 6), dropped=st.sets(st.integers(0, 39)),
       seed=st.integers(0, 3))  # fmt: skip
def test_the_sum_is_exact(
    make_task: MakeTask, make_draft: MakeDraft, outputs: list[str], wanted: int, clusters: int, dropped: set, seed: int
) -> None:
    def run() -> tuple[list[Draft], dict[str, int]]:
        drafts = made(make_task, make_draft, outputs)
        for at in dropped & set(range(len(drafts))):
            drafts[at].drop = Drop("language")
        return drafts, select(drafts, RehearseOptions(per_task=wanted, clusters=clusters), seed)

    drafts, labels = run()
    left = [one for at, one in enumerate(drafts) if at not in dropped]
    assert len(kept(drafts)) == min(wanted, len(left))
    assert all(one.drop == Drop("language") for at, one in enumerate(drafts) if at in dropped)
    if labels:
        assert labels == Counter(one.output for one in kept(drafts))
        had = Counter(one.output for one in left)
        # Equal parts: a label has less than another minus one only where it has no more.
        most = max(labels.values())
        assert all(labels.get(name, 0) >= min(had[name], most - 1) for name in had)
    assert run() == (drafts, labels)
