from choreography_days import after, day, hand_day, person, task

from diptych.choreography import check
from diptych.choreography.skilled import search_people
from diptych.model import Assignment


def assignments(procedure, found):
    return [
        Assignment(
            task=one.id,
            start=found.starts[one.id],
            end=found.starts[one.id] + one.in_mode(found.modes[one.id]).duration.planned,
            staff=tuple((procedure.staff[i].id, skill) for i, skill in found.holders[one.id]),
            mode=found.modes[one.id],
        )
        for one in procedure.tasks
    ]


def test_hand_case_reaches_its_optimum():
    procedure = hand_day()
    found = search_people(procedure)
    assert (found.makespan, found.bound, found.status) == (90, 90, "optimal")
    assert check(procedure, assignments(procedure, found)) == ()


def test_one_person_never_counts_for_two_skills_of_a_task():
    """Ann cuts and sews, Bea cuts: the two tasks that want both skills cannot share Ann."""
    tasks = tuple(task(name, 30, {"cut": 1, "sew": 1}) for name in "pq")
    procedure = day(tasks, (), (person("ann", "cut", "sew"), person("bea", "cut")))
    found = search_people(procedure)
    assert found.makespan == 60
    assert all(len({who for who, _ in own}) == 2 for own in found.holders.values())


def test_a_task_waits_for_its_forerunner():
    procedure = day(
        (task("p", 20, {"cut": 1}), task("q", 20, {"sew": 1})),
        (after("p", "q", 15),),
        (person("ann", "cut"), person("cas", "sew")),
    )
    assert search_people(procedure).starts == {"p": 0, "q": 35}
