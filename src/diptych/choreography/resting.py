"""The rest rules of one person, told from the minutes of their duties."""

from collections.abc import Sequence
from itertools import pairwise

from diptych.choreography.interrupt import low_hours
from diptych.choreography.remainder import Span
from diptych.model import Rest

REST_RULES = ("stretch", "low", "work", "span")


def rested(spans: Sequence[Span], rest: Rest | None, day_start: str) -> bool:
    """Whether one person may do duties at these times: one at a time, with every rest rule."""
    ordered = sorted(spans)
    if any(two[0] < one[1] for one, two in pairwise(ordered)):
        return False
    if rest is None:
        return True
    if sum(end - start for start, end in ordered) > rest.longest_work:
        return False
    last = ordered[-1][1]
    if rest.longest_span is not None and last - ordered[0][0] > rest.longest_span:
        return False
    begin, end = ordered[0]
    for start, over in [*ordered[1:], (last + rest.shortest_break, last)]:
        if start - end < rest.shortest_break:
            end = over
            continue
        if end - begin > limit_of(begin, end, rest, day_start):
            return False
        begin, end = start, over
    return True


def limit_of(begin: int, end: int, rest: Rest, day_start: str) -> int:
    """The longest that a stretch with these ends may last."""
    low = any(begin < over and end > start for start, over in low_hours(day_start, rest, end))
    return rest.low_stretch if low and rest.low_stretch is not None else rest.longest_stretch


def last_stretch(past: Sequence[Span], rest: Rest) -> int:
    """Start of the stretch that is not over yet (or was the last)."""
    ordered = sorted(past)
    start, end = ordered[0]
    for begin, over in ordered[1:]:
        start = begin if begin - end >= rest.shortest_break else start
        end = max(end, over)
    return start
