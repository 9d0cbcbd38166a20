"""Several hazards at once: small days checked by hand, and every kind of tampering refused."""

import ast
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from contingency_days import (
    crowded_day,
    hazard,
    person,
    plan,
    smallest,
    spoken_gaps,
    task,
    told_gaps,
    uncovered_sets,
)
from numpy.typing import NDArray

import diptych.contingencies as room
from diptych.contingencies import AnswerPolicy, check_sets, prove_coverage, prove_sets
from diptych.model import (
    Certificate,
    Hazard,
    InputError,
    Minute,
    Schedule,
    SetProof,
    StaffId,
    Subject,
)

ANA, SUR = "anaesthesia", "surgery"
Tamper = Callable[[SetProof], SetProof]


@cache
def case() -> tuple[Schedule, list[Hazard]]:
    """A day with gaps of one, two and three hazards, and fillings that had to be listed."""
    return crowded_day(274, people=9, troubles=6)


@cache
def honest() -> SetProof:
    return prove_sets(*case(), 3)


def test_the_honest_proof_is_accepted_and_has_everything_to_tamper_with() -> None:
    proof = honest()
    assert proof.certified
    assert check_sets(*case(), proof) == ()
    sizes = (proof.certificate.gaps[:, 1:] >= 0).sum(axis=1).tolist()
    assert {1, 2, 3} == set(sizes)
    assert len(proof.certificate.listed) > 0
    assert len(proof.gaps) > 5


def with_paper(**change: Callable[[Certificate], object]) -> Tamper:
    """The proof with these fields of its certificate made anew."""

    def tamper(proof: SetProof) -> SetProof:
        paper = proof.certificate
        made = {field: make(paper) for field, make in change.items()}
        return replace(proof, certificate=replace(paper, **made))

    return tamper


def put(array: NDArray[np.generic], where: object, value: object) -> NDArray[np.generic]:
    changed = array.copy()
    changed[where] = value
    return changed


def of_size(paper: Certificate, size: int) -> int:
    """The first gap of so many hazards."""
    return int(np.flatnonzero((paper.gaps[:, 1:] >= 0).sum(axis=1) == size)[0])


def single(paper: Certificate, *, gap: bool = False, wide: int = 1) -> tuple[int, slice]:
    """Class and places of a hazard that is covered, or is a gap; it wants `wide` people alike."""
    bare = {tuple(row[:2]) for row in paper.gaps.tolist() if row[2] < 0}
    for number, one in np.argwhere(paper.alive):
        places = slice(int(paper.first[one]), int(paper.first[one + 1]))
        alike = case()[1][one].response.demands[0].count
        if ((number, one) in bare) == gap and alike >= wide:
            return int(number), places
    raise LookupError("no such hazard")


def pair(paper: Certificate, *, gap: bool = False) -> int:
    return int(np.flatnonzero((paper.pairs[:, 0] == 255) == gap)[0])


def in_singles(value: object, *, gap: bool = False, wide: int = 1, at: int | None = None) -> Tamper:
    def make(paper: Certificate) -> object:
        number, places = single(paper, gap=gap, wide=wide)
        where = places if at is None else places.start + at
        made = paper.singles[number, places.start] if value == "the first" else value
        return put(paper.singles, (number, where), made)

    return with_paper(singles=make)


def in_pairs(value: object, *, gap: bool = False, at: int | None = None) -> Tamper:
    def make(paper: Certificate) -> object:
        row = pair(paper, gap=gap)
        made = paper.pairs[row, 0] if value == "the first" else value
        return put(paper.pairs, row if at is None else (row, at), made)

    return with_paper(pairs=make)


def without_gap(size: int) -> Tamper:
    return with_paper(
        gaps=lambda c: np.delete(c.gaps, of_size(c, size), axis=0),
        short=lambda c: np.delete(c.short, of_size(c, size)),
    )


def more_gaps(row: Callable[[Certificate], list[int]], short: int = 1) -> Tamper:
    return with_paper(
        gaps=lambda c: np.append(c.gaps, np.array([row(c)], np.int16), axis=0),
        short=lambda c: np.append(c.short, np.uint64(short)),
    )


def covered_triple(paper: Certificate) -> list[int]:
    return paper.listed[0].tolist()


def larger_gap(proof: SetProof) -> SetProof:
    """A gap of one hazard, and the same again with one more, short of the same."""
    paper = proof.certificate
    for row, (number, one, second, *_) in enumerate(paper.gaps.tolist()):
        others = np.flatnonzero(paper.alive[number])
        if second < 0 and others[-1] > one:
            more = [number, one, int(others[-1]), -1, -1]
            return more_gaps(lambda _, more=more: more, int(paper.short[row]))(proof)
    raise LookupError("no such gap")


def not_alive(paper: Certificate) -> list[int]:
    number, one = np.argwhere(~paper.alive)[0]
    return [int(number), int(one), -1, -1, -1]


def more_listed(row: Callable[[Certificate], list[int]]) -> Tamper:
    return with_paper(
        listed=lambda c: np.append(c.listed, np.array([row(c)], np.int16), axis=0),
        listed_fillings=lambda c: np.append(c.listed_fillings, c.listed_fillings[:1], axis=0),
    )


def in_gap(**fields: object) -> Tamper:
    """The first gap in words with other fields."""
    return lambda p: replace(p, gaps=(replace(p.gaps[0], **fields), *p.gaps[1:]))


def in_span(start: int, end: int) -> Tamper:
    def tamper(proof: SetProof) -> SetProof:
        (begin, close), *more = proof.gaps[0].spans
        spans = ((Minute(begin + start), Minute(close + end)), *more)
        return in_gap(spans=spans)(proof)

    return tamper


def in_count(order: int, **fields: Callable[[int], int]) -> Tamper:
    def tamper(proof: SetProof) -> SetProof:
        counts = list(proof.counts)
        count = counts[order - 1]
        made = {name: make(getattr(count, name)) for name, make in fields.items()}
        counts[order - 1] = replace(count, **made)
        return replace(proof, counts=tuple(counts))

    return tamper


def swapped_names(paper: Certificate) -> tuple[str, ...]:
    """Somebody who fills a place, and somebody who cannot, exchange their numbers."""
    number, places = single(paper)
    inside = int(paper.singles[number, places.start])
    outside = next(n for n, name in enumerate(paper.names) if name.startswith("torch"))
    names = list(paper.names)
    names[inside], names[outside] = names[outside], names[inside]
    return tuple(names)


def without_alive(paper: Certificate) -> NDArray[np.generic]:
    number, one = np.argwhere(paper.alive)[0]
    return put(paper.alive, (number, one), False)


def other_alive(proof: SetProof) -> SetProof:
    """In a class one hazard for another, and nothing said of the first any more."""
    paper = proof.certificate
    number = int(np.flatnonzero(paper.alive.any(axis=1) & ~paper.alive.all(axis=1))[0])
    off, on = (int(np.flatnonzero(paper.alive[number] == alive)[0]) for alive in (True, False))
    kept, listed = (
        ~((rows[:, 0] == number) & (rows[:, 1:] == off).any(axis=1))
        for rows in (paper.gaps, paper.listed)
    )
    return with_paper(
        alive=lambda c: put(put(c.alive, (number, off), False), (number, on), True),
        gaps=lambda c: c.gaps[kept],
        short=lambda c: c.short[kept],
        listed=lambda c: c.listed[listed],
        listed_fillings=lambda c: c.listed_fillings[listed],
    )(proof)


def moved_stretch(paper: Certificate) -> NDArray[np.generic]:
    """A stretch ends a minute later, and the next, of another class, begins later."""
    for n in range(len(paper.of) - 1):
        if paper.of[n] != paper.of[n + 1] and paper.stretch[n + 2] - paper.stretch[n + 1] > 1:
            return put(paper.stretch, n + 1, paper.stretch[n + 1] + 1)
    raise LookupError("no such stretch")


def joined_classes(paper: Certificate) -> NDArray[np.generic]:
    """A stretch of a class that has others too is given to the class of the next one."""
    for n in range(len(paper.of) - 1):
        if paper.of[n] != paper.of[n + 1] and (paper.of == paper.of[n]).sum() > 1:
            return put(paper.of, n, paper.of[n + 1])
    raise LookupError("no such stretch")


NAMES = "the names are not the people"
SHAPE = "of the certificate has another shape"
BARE = "neither covered as said nor a gap"
BOTH = "has a filling and a gap"
NO_SET = "holds what is no set of hazards"
NO_GAP = "the places marked can be filled, or are not its own"
TIME = "the stretches are not the minutes of the day"
UNLIKE = "is not like minute|other hazards can strike"
NOT_SAID = "does not say what is missing"
NOT_THERE = "is not in the certificate"

TAMPERINGS: dict[str, tuple[Tamper, str]] = {
    "a higher order": (lambda p: replace(p, order=4), "order is 4, that of the certificate 3"),
    "a lower order": (with_paper(order=lambda c: 2), "order is 3, that of the certificate 2"),
    "an unknown person": (with_paper(names=lambda c: ("ghost", *c.names[1:])), NAMES),
    "a person left out": (with_paper(names=lambda c: ("", *c.names[1:])), NAMES),
    "a person twice": (with_paper(names=lambda c: (c.names[1], *c.names[1:])), NAMES),
    "one more piece of kit": (with_paper(names=lambda c: (*c.names, "torch 9")), NAMES),
    "names exchanged": (with_paper(names=swapped_names), BARE),
    "too many names": (with_paper(names=lambda c: (*c.names, *[""] * 200)), "expected at most 255"),
    "a place left out": (with_paper(first=lambda c: put(c.first, -1, c.first[-1] - 1)), "places"),
    "a place moved": (
        with_paper(first=lambda c: put(c.first, 1, c.first[1] + 1)),
        "places are not",
    ),
    "a stretch moved": (
        with_paper(stretch=moved_stretch),
        UNLIKE,
    ),
    "a day longer": (with_paper(stretch=lambda c: put(c.stretch, -1, c.stretch[-1] + 1)), TIME),
    "a day that starts later": (
        with_paper(stretch=lambda c: put(c.stretch, 0, c.stretch[0] + 1)),
        TIME,
    ),
    "stretches out of order": (
        with_paper(stretch=lambda c: put(c.stretch, [3, 4], c.stretch[[4, 3]])),
        TIME,
    ),
    "a stretch left out": (with_paper(stretch=lambda c: np.delete(c.stretch, 3)), SHAPE),
    "the last stretch cut off": (
        with_paper(stretch=lambda c: c.stretch[:-1], of=lambda c: c.of[:-1]),
        TIME + "|a class has no stretch",
    ),
    "classes exchanged": (with_paper(of=lambda c: c.of.max() - c.of), UNLIKE),
    "classes joined": (with_paper(of=joined_classes), UNLIKE),
    "a class that is not there": (with_paper(of=lambda c: put(c.of, 0, len(c.alive))), "no class"),
    "a class below zero": (with_paper(of=lambda c: put(c.of, 0, -1)), "no class"),
    "a class never met": (with_paper(of=lambda c: c.of * 0), "a class has no stretch"),
    "a hazard that can strike left out": (with_paper(alive=without_alive), SHAPE),
    "another hazard that can strike": (other_alive, "other hazards can strike"),
    "a single without a filling": (in_singles(255), BARE),
    "a single half filled": (in_singles(255, wide=2, at=1), BARE),
    "a single by one who cannot come": (
        in_singles(honest().certificate.names.index("torch 1"), at=0),
        BARE,
    ),
    "a single with the same one twice": (in_singles("the first", wide=2, at=1), BARE),
    "a single by a number that nobody has": (in_singles(254, at=0), BARE),
    "a single gap with a filling": (in_singles(0, gap=True), BOTH),
    "a filling for a hazard that cannot strike": (
        with_paper(singles=lambda c: np.where(c.singles == 255, 0, c.singles).astype(np.uint8)),
        "cannot strike has a filling",
    ),
    "singles of one class left out": (with_paper(singles=lambda c: c.singles[1:]), SHAPE),
    "a pair without a filling": (in_pairs(255), BARE),
    "a pair half filled": (in_pairs(255, at=1), BARE),
    "a pair with the same one twice": (in_pairs("the first", at=1), BARE),
    "a pair by a number that nobody has": (in_pairs(254, at=0), BARE),
    "a pair with one too many": (in_pairs(0, at=-1), BARE),
    "a pair that is a gap with a filling": (in_pairs(0, gap=True), BOTH),
    "a pair with a number too many that nobody has": (in_pairs(254, at=-1), BARE),
    "pairs in another order": (with_paper(pairs=lambda c: c.pairs[::-1]), f"{BARE}|{BOTH}"),
    "a pair left out": (with_paper(pairs=lambda c: c.pairs[1:]), SHAPE),
    "a listed set left out": (
        with_paper(listed=lambda c: c.listed[1:], listed_fillings=lambda c: c.listed_fillings[1:]),
        BARE,
    ),
    "a listed set without its filling": (with_paper(listed=lambda c: c.listed[:1]), SHAPE),
    "a listed set that is half filled": (
        with_paper(listed_fillings=lambda c: put(c.listed_fillings, (0, 0), 255)),
        BARE,
    ),
    "a listed set with the same one twice": (
        with_paper(
            listed_fillings=lambda c: put(c.listed_fillings, (0, 0), c.listed_fillings[0, 1])
        ),
        BARE,
    ),
    "a listed set filled in another order": (
        with_paper(
            listed_fillings=lambda c: put(
                c.listed_fillings, (0, slice(0, 3)), c.listed_fillings[0, [2, 0, 1]]
            )
        ),
        BARE,
    ),
    "a listed set twice": (more_listed(covered_triple), NO_SET),
    "a listed pair": (more_listed(lambda c: [*covered_triple(c)[:3], -1, -1]), NO_SET),
    "a listed set that is a gap": (
        more_listed(lambda c: c.gaps[of_size(c, 3)].tolist()),
        BOTH,
    ),
    "a listed set of a larger order": (
        more_listed(lambda c: [covered_triple(c)[0], 0, 1, 2, 3]),
        NO_SET,
    ),
    "a single gap left out": (without_gap(1), BARE),
    "a gap of two left out": (without_gap(2), BARE),
    "a gap of three left out": (without_gap(3), BARE),
    "a gap twice": (
        with_paper(
            gaps=lambda c: np.append(c.gaps, c.gaps[:1], axis=0),
            short=lambda c: np.append(c.short, c.short[:1]),
        ),
        NO_SET,
    ),
    "a gap invented": (more_gaps(covered_triple), NO_GAP),
    "a gap larger than need be": (larger_gap, "not the smallest gap"),
    "a gap of a hazard that cannot strike": (more_gaps(not_alive), NO_SET),
    "a gap of nothing": (more_gaps(lambda c: [0, -1, -1, -1, -1]), NO_SET),
    "a gap with a hole": (
        with_paper(
            gaps=lambda c: put(c.gaps, (of_size(c, 2), [2, 3]), c.gaps[of_size(c, 2), [3, 2]])
        ),
        NO_SET,
    ),
    "a gap with its hazards turned round": (
        with_paper(
            gaps=lambda c: put(c.gaps, (of_size(c, 2), [1, 2]), c.gaps[of_size(c, 2), [2, 1]])
        ),
        NO_SET,
    ),
    "a gap of an unknown hazard": (with_paper(gaps=lambda c: put(c.gaps, (0, 1), 99)), NO_SET),
    "a gap of an unknown class": (with_paper(gaps=lambda c: put(c.gaps, (0, 0), 99)), NO_SET),
    "a gap moved to another class": (
        with_paper(gaps=lambda c: put(c.gaps, (of_size(c, 3), 0), covered_triple(c)[0])),
        f"{BARE}|{NO_SET}",
    ),
    "a gap that marks nothing": (with_paper(short=lambda c: put(c.short, 0, 0)), NO_GAP),
    "a gap that marks too few": (
        with_paper(short=lambda c: c.short & (c.short - np.uint64(1))),
        NO_GAP,
    ),
    "a gap that marks what is not its own": (
        with_paper(short=lambda c: put(c.short, 0, c.short[0] | np.uint64(1 << 63))),
        NO_GAP,
    ),
    "a gap without its mark": (with_paper(short=lambda c: c.short[1:]), SHAPE),
    "a gap not told": (lambda p: replace(p, gaps=p.gaps[1:]), "is not told"),
    "a gap told twice": (lambda p: replace(p, gaps=(*p.gaps, p.gaps[0])), NOT_THERE),
    "a gap told shorter": (in_span(0, -1), NOT_THERE),
    "a gap told longer": (in_span(0, 1), f"{NOT_THERE}|are not in order"),
    "a gap told backwards": (in_span(90, 0), "are not in order, each once"),
    "a gap told of other hazards": (in_gap(hazards=("h0", "h0")), NOT_THERE),
    "a gap that lacks more": (in_gap(lacking=7), NOT_THERE),
    "a gap with more people": (in_gap(free=("ghost",)), NOT_THERE),
    "a gap without words": (in_gap(missing=""), NOT_SAID),
    "a gap with other words": (in_gap(missing="needs 2 people for rest"), NOT_SAID),
    "more combinations": (in_count(2, combinations=lambda n: n + 1), "order 2 counts"),
    "fewer classes": (in_count(3, classes=lambda n: n - 1), "order 3 counts"),
    "more covered": (in_count(1, covered=lambda n: n + 1), "order 1 counts"),
    "fewer gaps counted": (in_count(3, gaps=lambda n: 0), "order 3 counts"),
    "an order not counted": (lambda p: replace(p, counts=p.counts[:2]), "of each order, once"),
    "an order counted twice": (
        lambda p: replace(p, counts=(*p.counts, p.counts[2])),
        "of each order, once",
    ),
    "more searched than there are": (in_count(2, searched=lambda n: 10**9), "sets searched"),
    "more pairs answered in turn": (in_count(2, turned=lambda n: n + 1), "answered in turn"),
    "fewer pairs answered in turn": (in_count(2, turned=lambda n: n - 1), "answered in turn"),
    "more triples answered in turn": (in_count(3, turned=lambda n: 10**9), "answered in turn"),
    "one answered in turn": (in_count(1, turned=lambda n: 1), "answered in turn"),
    "more asked in turn than there are": (in_count(3, turns=lambda n: n + 6), "ordered sets"),
}


@pytest.mark.parametrize("kind", sorted(TAMPERINGS))
def test_tampering_is_rejected(kind: str) -> None:
    tamper, words = TAMPERINGS[kind]
    faults = check_sets(*case(), tamper(honest()))
    assert any(_says(fault, words) for fault in faults), faults


def _says(fault: str, words: str) -> bool:
    return any(phrase in fault for phrase in words.split("|"))


def test_the_words_of_a_fault_name_the_hazards_and_the_minute() -> None:
    faults = check_sets(*case(), without_gap(3)(honest()))
    row = honest().certificate.gaps[of_size(honest().certificate, 3)]
    names = " + ".join(f"h{h}" for h in row[1:4])
    assert any(fault.startswith(f"{names} at ") for fault in faults)


def test_a_proof_for_other_hazards_or_rules_is_rejected() -> None:
    schedule, hazards = case()
    wider = [replace(hazards[0], last_step=19, first_step=1, subject=Subject.TEAM), *hazards[1:]]
    assert check_sets(schedule, wider, honest())
    strict = AnswerPolicy(those_at_the_twin_answer=False)
    assert check_sets(schedule, hazards, honest(), policy=strict)
    assert prove_sets(schedule, hazards, 3, strict).certified


def crew(*who: str) -> Schedule:
    """Two anaesthetists and a surgeon, some of them, over an hour; Ben comes at minute 20."""
    staff = [person("ann", ANA), person("ben", ANA, hours=(20, 60)), person("sue", SUR, ANA)]
    return plan(
        [(task("op", 5), 0, 60, "")],
        [one for one in staff if one.id in who],
        kit={"torch": 1},
    )


TWO = [hazard("a", (1, ANA, 1)), hazard("b", (1, ANA, 1)), hazard("c", (1, SUR, 1))]


def test_a_triple_that_lacks_one_is_a_gap_until_the_third_comes() -> None:
    proof = prove_sets(crew("ann", "ben", "sue"), TWO, 3)
    assert proof.certified
    (gap,) = proof.gaps
    assert gap.hazards == ("a", "b", "c")
    assert gap.spans == ((0, 20),)
    assert (gap.lacking, gap.free) == (1, ("ann", "sue"))
    assert [(c.combinations, c.covered, c.gaps) for c in proof.counts] == [
        (180, 180, 0),
        (180, 180, 0),
        (60, 40, 20),
    ]


def test_without_her_the_proof_breaks_exactly_where_she_was_needed() -> None:
    everyone = crew("ann", "ben", "sue")
    proof = prove_sets(everyone, TWO, 3)
    for left_out in ("ann", "ben", "sue"):
        day = crew(*({"ann", "ben", "sue"} - {left_out}))
        assert check_sets(day, TWO, proof), left_out
        again = prove_sets(day, TWO, 3)
        assert again.certified
        assert told_gaps(again, TWO) == smallest(uncovered_sets(day, TWO, 3)[0])
    alone = prove_sets(crew("ann", "ben"), TWO, 3)
    assert spoken_gaps(alone) == {(minute, frozenset("ab")) for minute in range(20)}
    assert told_gaps(alone, TWO) - spoken_gaps(alone) == {(m, frozenset("c")) for m in range(60)}


def test_two_hazards_share_no_piece_of_kit() -> None:
    lit = [hazard("a", (1, ANA, 1), kit={"torch": 1}), hazard("b", (1, SUR, 1), kit={"torch": 1})]
    proof = prove_sets(crew("ann", "sue"), lit, 2)
    assert proof.certified
    (gap,) = proof.gaps
    assert gap.spans == ((0, 60),)
    assert gap.missing == "needs 2 torch; 1 at hand"
    assert gap.free == ("torch 1",)


def test_coverage_of_a_higher_order_brings_the_sets() -> None:
    coverage = prove_coverage(crew("ann", "ben", "sue"), TWO, order=2)
    assert coverage.certified
    assert coverage.sets is not None
    assert coverage.sets.certified
    assert coverage.sets.gaps == ()
    assert prove_coverage(crew("ann"), TWO).sets is None


def test_a_hazard_that_wants_kit_nobody_has_is_not_certified() -> None:
    odd = [hazard("a", (1, ANA, 1), kit={"lamp": 1}), TWO[1]]
    faults = check_sets(crew("ann"), odd, prove_sets(crew("ann"), odd, 2))
    assert faults == ("a asks for kit that the procedure does not have",)


def test_somebody_called_like_a_piece_of_kit_is_not_certified() -> None:
    schedule = crew("ann")
    twin = replace(schedule.procedure.staff[0], id=StaffId("torch 1"))
    procedure = replace(schedule.procedure, staff=(*schedule.procedure.staff, twin))
    day = replace(schedule, procedure=procedure)
    assert check_sets(day, TWO, prove_sets(day, TWO, 2))


@pytest.mark.parametrize("hazards", [[], [hazard("a", (1, ANA, 1), steps=(18, 19))]])
def test_nothing_that_can_strike_is_a_proof_of_nothing(hazards: list[Hazard]) -> None:
    for day in (crew("ann"), replace(crew("ann"), assignments=())):
        proof = prove_sets(day, hazards, 2)
        assert proof.certified
        assert [count.combinations for count in proof.counts] == [0, 0]


def test_more_places_than_a_certificate_can_mark_are_refused() -> None:
    crowd = [hazard(id, (22, ANA, 1)) for id in "abc"]
    assert prove_sets(crew("ann"), crowd, 2).certified
    with pytest.raises(InputError, match="3 hazards can ask for 66 people and pieces"):
        prove_sets(crew("ann"), crowd, 3)


@pytest.mark.parametrize("name", ["setcheck", "setquestions", "setreplay"])
def test_the_checker_shares_no_code_with_the_prover(name: str) -> None:
    tree = ast.parse((Path(room.__file__).parent / f"{name}.py").read_text("utf-8"))
    names = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    names |= {a.name for node in ast.walk(tree) if isinstance(node, ast.Import) for a in node.names}
    own = {f"diptych.contingencies.{part}" for part in ("setquestions", "setreplay", "certificate")}
    assert names <= own | {
        "collections.abc",
        "dataclasses",
        "math",
        "numpy",
        "numpy.typing",
        "diptych.model",
        "diptych.contingencies.policy",
    }
