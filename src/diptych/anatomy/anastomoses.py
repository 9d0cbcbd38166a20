"""Veins that join a sinus of one twin to a sinus of the other: they drain both brains."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from diptych.anatomy.continuity import Courses, End, Facts
from diptych.anatomy.vessels import Tree

LEAST_MM = 25.0
"""A shorter one may be the touch of two sinuses, or what is left of a vein that crosses."""
WIDER = 1.2
"""A sinus is at least so many times as wide as a vein that leads to it; else it is a vein too."""


def find_anastomoses(tree: Tree, facts: Facts, courses: Courses, sinus: float) -> frozenset[int]:
    """Numbers of the branches that lead from a sinus of A to a sinus of B and begin nowhere.

    Such a vein has no end of its own in either brain, so that nothing says whose cortex it
    drains; blood may flow either way in it. `sinus` is the calibre of a sinus, mm; a sinus
    counts for a twin when it runs through that twin alone. The fold of a vein is none, however
    wide its two legs look as one.
    """
    partner = _partners(courses)
    narrow = [
        n
        for n, branch in enumerate(tree.branches)
        if facts.calibre[n] < sinus and not facts.shared[n] and not tree.free_ends(branch)
    ]
    found: set[int] = set()
    for n in narrow:
        if n not in found:
            chain = _chain(n, partner, frozenset(narrow))
            members = frozenset(number for number, _ in chain)
            length = sum(facts.length[number] for number in members)
            if length >= LEAST_MM and _leads_across(tree, facts, (chain, courses.folds), sinus):
                found |= members
    return frozenset(found)


def part_courses(courses: Courses, bridges: frozenset[int]) -> Courses:
    """The courses where no anastomosis runs on into anything but itself."""
    pairs = tuple(
        tuple(pair for pair in place if (pair[0][0] in bridges) == (pair[1][0] in bridges))
        for place in courses.pairs
    )
    kept = replace(courses, pairs=pairs)
    partner = _partners(kept)
    touched = {courses.run[n] for n in bridges}
    every = frozenset(range(len(courses.run)))
    run = tuple(
        min(number for number, _ in _chain(n, partner, every)) if old in touched else old
        for n, old in enumerate(courses.run)
    )
    return replace(kept, run=run)


def _partners(courses: Courses) -> dict[End, End]:
    both = [pair for place in courses.pairs for pair in place]
    return {first: second for a, b in both for first, second in ((a, b), (b, a))}


def _chain(start: int, partner: Mapping[End, End], allowed: frozenset[int]) -> list[End]:
    """Branches that run on into each other through a branch, in order, each with the end at
    which the chain leaves it; only `allowed` ones.
    """
    ways = []
    for last in (False, True):
        way: list[End] = []
        here: End = (start, last)
        seen = {start}
        while here in partner and partner[here][0] in allowed - seen:
            number, came = partner[here]
            seen.add(number)
            here = (number, not came)
            way.append(here)
        ways.append(way)
    before = [(number, not last) for number, last in reversed(ways[0])]
    return [*before, (start, True), *ways[1]]


def _leads_across(
    tree: Tree, facts: Facts, found: tuple[Sequence[End], frozenset[int]], sinus: float
) -> bool:
    """Whether a sinus of one twin alone is at each end of a chain, and they are not the same
    twin's. `found` are the chain and the folds of veins, which are no sinuses.
    """
    chain, folds = found
    members = folds.union(number for number, _ in chain)
    first, last = chain[0], chain[-1]
    homes = [
        {facts.home[n] for n in _sinuses_at(tree, facts, end, sinus) if n not in members}
        for end in ((first[0], not first[1]), last)
    ]
    return homes in ([{1}, {2}], [{2}, {1}])


def _sinuses_at(tree: Tree, facts: Facts, end: End, sinus: float) -> list[int]:
    """Branches where a chain ends that are sinuses."""
    node = _node(tree, end)
    least = max(sinus, WIDER * facts.calibre[end[0]])
    return [
        n
        for n, branch in enumerate(tree.branches)
        if node in (branch.start, branch.end) and facts.calibre[n] >= least and not facts.shared[n]
    ]


def _node(tree: Tree, end: End) -> int:
    branch = tree.branches[end[0]]
    return branch.end if end[1] else branch.start
