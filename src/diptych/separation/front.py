"""Which points of the front become plans: the balanced one, and the kindest to each twin."""

from collections.abc import Mapping, Sequence

from diptych.separation.points import Trial, find_dominated

NAMES = {"balanced": "balanced", "A": "kinder-A", "B": "kinder-B"}


def choose_plans(
    trials: Sequence[Trial], preferences: Sequence[str]
) -> tuple[Mapping[str, int], tuple[str, ...]]:
    """Number of the point for each preference that has a plan, and words on those without.

    The balanced plan is the point in the middle, unless another dominates it: then the nearest
    point that does (of two as near the cheaper cut, else the middle stays). A plan kinder to a
    twin is the kindest to it that is on the front; it has none where every kinder cut costs
    both twins as much as a less kind one, or more.
    """
    dominated = find_dominated(trials)
    middle = _balanced(trials, dominated)
    chosen = {"balanced": middle}
    told = [] if middle == len(trials) // 2 else [_moved(trials, middle)]
    for twin, order in (("A", range(len(trials) - 1, middle, -1)), ("B", range(middle))):
        if twin not in preferences:
            continue
        kindest = next((number for number in order if not dominated[number]), None)
        if kindest is None:
            told.append(f"{NAMES[twin]}: {_why_none(dominated, order, twin)}")
        else:
            chosen[twin] = kindest
    return chosen, tuple(told)


def _balanced(trials: Sequence[Trial], dominated: Sequence[str]) -> int:
    middle = len(trials) // 2
    if not dominated[middle]:
        return middle
    better = [
        n for n, why in enumerate(dominated) if not why and _no_worse(trials[n], trials[middle])
    ]
    near = min(abs(n - middle) for n in better)
    nearest = [n for n in better if abs(n - middle) == near]
    values = [trials[n].parting.proof.value for n in nearest]
    return nearest[values.index(min(values))] if len(set(values)) == len(values) else middle


def _no_worse(one: Trial, other: Trial) -> bool:
    return all(a <= b + 1e-9 for a, b in zip(one.figures, other.figures, strict=True))


def _moved(trials: Sequence[Trial], middle: int) -> str:
    return (
        f"the cut in the middle (point {len(trials) // 2 + 1}) costs both twins as much as point"
        f" {middle + 1} or more; point {middle + 1} takes its place as the balanced plan"
    )


def _why_none(dominated: Sequence[str], order: range, twin: str) -> str:
    if not len(order):
        return f"no cut is kinder to twin {twin} than the balanced plan"
    return dominated[order[0]]
