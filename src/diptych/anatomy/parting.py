"""The tree of vessels without what is no junction: links of vessels that touch, and crossings."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from diptych.anatomy.drainage import Drainage
from diptych.anatomy.vessels import Branch, Tree

Points = NDArray[np.float64]


def drop_links(tree: Tree, drainage: Drainage) -> tuple[Tree, Drainage]:
    """Both without the branches that are no vessels; each counts as a touch."""
    kept = [n for n in range(len(tree.branches)) if n not in drainage.links]
    new = {old: n for n, old in enumerate(kept)}
    branches = tuple(tree.branches[n] for n in kept)
    ends = [end for branch in branches for end in (branch.start, branch.end)]
    parted = replace(
        tree,
        degree=np.bincount(np.array(ends, dtype=np.int64), minlength=len(tree.nodes)),
        branches=branches,
        touches=tree.touches + len(drainage.links),
    )
    return parted, Drainage(
        owner=tuple(drainage.owner[n] for n in kept),
        confidence=tuple(drainage.confidence[n] for n in kept),
        run=tuple(new[drainage.run[n]] for n in kept),
        crossing=tuple(drainage.crossing[n] for n in kept),
        passing=tuple(((new[a], last), (new[b], end)) for (a, last), (b, end) in drainage.passing),
        doubts=tuple(replace(d, branch=new[d.branch]) for d in drainage.doubts if d.branch in new),
    )


def part_tree(tree: Tree, drainage: Drainage) -> Tree:
    """The tree with a node of its own for each pair that only passes others.

    Where the pair does not meet in a point, because the vessels lay in one another for a
    piece, the node is half-way and both paths go on to it.
    """
    nodes, branches = [tree.nodes], list(tree.branches)
    count = len(tree.nodes)
    for pair in drainage.passing:
        old = [_place_of(branches[number], last) for number, last in pair]
        place = tree.nodes[old].mean(axis=0)
        for number, last in pair:
            branch = branches[number]
            if old[0] != old[1]:
                branch = _lengthened(branch, last, place)
            branches[number] = replace(branch, end=count) if last else replace(branch, start=count)
        nodes.append(place[None])
        count += 1
    ends = [end for branch in branches for end in (branch.start, branch.end)]
    return Tree(
        nodes=np.concatenate(nodes),
        degree=np.bincount(np.array(ends, dtype=np.int64), minlength=count),
        branches=tuple(branches),
        touches=tree.touches + len(drainage.passing),
    )


def _lengthened(branch: Branch, last: bool, place: Points) -> Branch:
    """The branch with a further point at one of its ends."""
    where = len(branch.path) if last else 0
    return replace(
        branch,
        path=np.insert(branch.path, where, place, axis=0),
        radius=np.insert(branch.radius, where, branch.radius[-1 if last else 0]),
    )


def _place_of(branch: Branch, last: bool) -> int:
    return branch.end if last else branch.start
