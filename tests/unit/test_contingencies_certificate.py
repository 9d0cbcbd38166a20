"""The independent checker accepts true proofs and rejects every kind of tampering."""

import ast
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from contingency_days import hazard, person, plan, task

import diptych.contingencies.certificate as checker
from diptych.contingencies import AnswerPolicy, check_certificate, prove_coverage
from diptych.model import (
    Coverage,
    CoverageCell,
    HazardId,
    Minute,
    Schedule,
    SkillId,
    StaffId,
    Subject,
)

ANA, SUR = "anaesthesia", "surgery"
STAFF = [
    person("x", SUR, ANA),
    person("y", ANA, hours=(0, 90)),
    person("z", ANA, SUR, hours=(30, 200)),
    person("w", "scrub"),
]
HAZARDS = [
    hazard("bleed", (1, SUR, 0), (1, ANA, 5), steps=(10, 14), severity=3),
    hazard("power", (2, ANA, 1), subject=Subject.TEAM, kit={"torch": 1}),
]


def day() -> Schedule:
    return plan(
        [
            (task("op", 10, subject=Subject.B), 0, 60, "x"),
            (task("end", 14, subject=Subject.BOTH, kit={"torch": 1}), 60, 120, "z"),
        ],
        STAFF,
        kit={"torch": 1},
    )


def honest() -> Coverage:
    return prove_coverage(day(), HAZARDS)


def swap(coverage: Coverage, number: int, cell: CoverageCell | None) -> Coverage:
    cells = list(coverage.cells)
    cells[number : number + 1] = [cell] if cell else []
    return replace(coverage, cells=tuple(cells))


def pick(coverage: Coverage, covered: bool) -> int:
    return next(n for n, cell in enumerate(coverage.cells) if cell.covered == covered)


def change(which: bool, /, **fields: object) -> Callable[[Coverage], Coverage]:
    def tamper(coverage: Coverage) -> Coverage:
        number = pick(coverage, which)
        return swap(coverage, number, replace(coverage.cells[number], **fields))

    return tamper


def stretch(covered: bool, start: int, end: int) -> Callable[[Coverage], Coverage]:
    def tamper(coverage: Coverage) -> Coverage:
        number = pick(coverage, covered)
        cell = coverage.cells[number]
        moved = replace(cell, start=Minute(cell.start + start), end=Minute(cell.end + end))
        return swap(coverage, number, moved)

    return tamper


def other_person(who: str, place: int, minute: int = 0) -> Callable[[Coverage], Coverage]:
    """Another name in the first covered cell that starts at `minute` or later."""

    def tamper(coverage: Coverage) -> Coverage:
        number = next(
            n for n, cell in enumerate(coverage.cells) if cell.covered and cell.start >= minute
        )
        witness = list(coverage.cells[number].witness)
        witness[place] = (StaffId(who), witness[place][1])
        return swap(coverage, number, replace(coverage.cells[number], witness=tuple(witness)))

    return tamper


def reversed_witness(coverage: Coverage) -> Coverage:
    number = pick(coverage, True)
    cell = coverage.cells[number]
    return swap(coverage, number, replace(cell, witness=cell.witness[::-1]))


def shortened_witness(coverage: Coverage) -> Coverage:
    number = pick(coverage, True)
    cell = coverage.cells[number]
    return swap(coverage, number, replace(cell, witness=cell.witness[:1]))


def hidden_gap(coverage: Coverage) -> Coverage:
    """The uncovered cell is called covered by two people who cannot both come."""
    number = pick(coverage, False)
    places = [
        (StaffId("x"), SkillId(SUR)),
        (StaffId("y"), SkillId(ANA)),
    ]
    lie = replace(coverage.cells[number], covered=True, witness=tuple(places))
    return replace(swap(coverage, number, lie), gaps=coverage.gaps[1:])


def invented_gap(coverage: Coverage) -> Coverage:
    """A covered cell is called a gap everywhere, totals and list of gaps included."""
    number = pick(coverage, True)
    cell = replace(coverage.cells[number], covered=False, witness=())
    gap = replace(coverage.gaps[0], hazards=(cell.hazard,), start=cell.start, end=cell.end)
    return replace(
        swap(coverage, number, cell),
        gaps=(*coverage.gaps, gap),
        covered_minutes=coverage.covered_minutes - (cell.end - cell.start),
    )


TAMPERINGS: dict[str, Callable[[Coverage], Coverage]] = {
    "a person who lacks the skill": other_person("w", 0),
    "a person who is not on shift": other_person("y", 1, 90),
    "a person nobody knows": other_person("ghost", 0),
    "a person who answers twice": other_person("z", 0, 90),
    "a busy person": other_person("x", 1),
    "skills in another order": reversed_witness,
    "a demand left out": shortened_witness,
    "no witness at all": change(True, witness=()),
    "a deeper cover": change(True, depth=7),
    "a shallower gap": change(False, depth=0),
    "a gap hidden": hidden_gap,
    "a gap invented": change(True, covered=False, witness=()),
    "a gap invented throughout": invented_gap,
    "a gap with a witness": change(False, witness=((StaffId("x"), SkillId(SUR)),)),
    "a cell left out": lambda c: swap(c, 0, None),
    "a cell twice": lambda c: replace(c, cells=(*c.cells, c.cells[0])),
    "a cell longer than its witness holds": stretch(True, 0, 5),
    "a cell that starts too early": stretch(True, -5, 0),
    "a cell for another hazard": change(True, hazard=HazardId("flood")),
    "a gap not listed": lambda c: replace(c, gaps=c.gaps[1:]),
    "a gap listed twice": lambda c: replace(c, gaps=(*c.gaps, c.gaps[0])),
    "a gap that ends earlier": lambda c: replace(
        c, gaps=(replace(c.gaps[0], end=Minute(c.gaps[0].end - 1)), *c.gaps[1:])
    ),
    "a gap without words": lambda c: replace(c, gaps=(replace(c.gaps[0], missing=""), *c.gaps[1:])),
    "more covered minutes": lambda c: replace(c, covered_minutes=c.covered_minutes + 1),
    "fewer minutes": lambda c: replace(c, minutes=c.minutes - 1),
    "a hazard dropped": lambda c: replace(
        c, hazards=c.hazards[:1], cells=tuple(x for x in c.cells if x.hazard == "bleed")
    ),
    "a higher order claimed": lambda c: replace(c, order=2),
    "an easier hazard proved": lambda c: replace(
        c, hazards=(replace(c.hazards[0], severity=1), c.hazards[1])
    ),
}


def test_the_honest_proof_is_accepted() -> None:
    coverage = honest()
    assert coverage.certified
    assert check_certificate(day(), HAZARDS, coverage) == ()
    assert 0 < coverage.covered_minutes < coverage.minutes


@pytest.mark.parametrize("kind", sorted(TAMPERINGS))
def test_tampering_is_rejected(kind: str) -> None:
    assert check_certificate(day(), HAZARDS, TAMPERINGS[kind](honest())), kind


def test_a_proof_for_another_day_is_rejected() -> None:
    missing = [who for who in STAFF if who.id != "z"]
    other = plan(
        [(task("op", 10, subject=Subject.B), 0, 60, "x"), (task("end", 14), 60, 120, "")], missing
    )
    assert check_certificate(other, HAZARDS, honest())


def test_a_proof_under_other_rules_is_rejected() -> None:
    strict = AnswerPolicy(those_at_the_twin_answer=False)
    near = plan([(task("op", 10, subject=Subject.A), 0, 60, "x")], STAFF)
    trouble = [hazard("bleed", (1, SUR, 0), severity=2)]
    coverage = prove_coverage(near, trouble)
    assert coverage.covered_minutes == 60
    assert check_certificate(near, trouble, coverage, policy=strict)


def test_kit_that_is_in_use_is_noticed() -> None:
    coverage = honest()
    more = replace(HAZARDS[0], response=replace(HAZARDS[0].response, equipment={"torch": 2}))
    lie = replace(coverage, hazards=(more, HAZARDS[1]))
    assert any("torch" in fault for fault in check_certificate(day(), lie.hazards, lie))


def test_the_checker_shares_no_code_with_the_prover() -> None:
    tree = ast.parse(Path(checker.__file__).read_text("utf-8"))
    names = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert names <= {
        "collections.abc",
        "itertools",
        "math",
        "diptych.model",
        "diptych.contingencies.policy",
    }
