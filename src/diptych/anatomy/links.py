"""Links between vessels that only touch, known once it is known which vessels run on there."""

from collections.abc import Sequence

from diptych.anatomy.continuity import FADED, Courses, Facts
from diptych.anatomy.vessels import Tree


def find_links(tree: Tree, facts: Facts, courses: Courses) -> frozenset[int]:
    """Numbers of the short, faint branches that stand alone between veins that run on past both
    their ends: two veins touch there, or one touches itself, and what blood they hold is theirs.
    """
    alone = [n for n in range(len(courses.run)) if _is_alone(n, courses.run)]
    passed = {
        node
        for pairs in courses.pairs
        for pair in pairs
        if all(_is_vein(facts, number) for number, _ in pair)
        for node in (_node(tree, *end) for end in pair)
    }
    return frozenset(
        n
        for n in alone
        if tree.branches[n].fade < FADED
        and _is_vein(facts, n)
        and {tree.branches[n].start, tree.branches[n].end} <= passed
    )


def _is_vein(facts: Facts, number: int) -> bool:
    return not facts.shared[number] and facts.calibre[number] < facts.vein


def _is_alone(number: int, run: Sequence[int]) -> bool:
    return sum(other == run[number] for other in run) == 1


def _node(tree: Tree, number: int, last: bool) -> int:
    branch = tree.branches[number]
    return branch.end if last else branch.start
