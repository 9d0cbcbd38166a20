"""Published separations, as far as their anatomy is known, planned again by the plan's own code.

    python benchmarks/replays.py [--cases london-2019 ...] [--draws 100] [--json]

For each pair a venous network is built from what its publications say; every number that they do
not give is drawn from the range written beside it (replay_cases.py). Printed are the answers with
each range at its middle, and over all draws: the share of draws that a statement holds in, or the
median with the 5th to 95th percentile. A share of draws says how much an answer hangs on what is
not known. It is no probability of anything that happened to a patient.

The tables are those of docs/method/replays.md; a test holds the page against them.
Exit codes: 0 done, 1 an allocation was not proven.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from math import isnan

import numpy as np
from replay_cases import REPLAYS, Replay
from replay_plan import TABLES, TERMS, propose

from diptych.separation.expanders import plan_fills, read_sizes
from diptych.separation.stages import grow

DRAWS = 100
MONTH = 365.25 / 12.0 / 7.0
"""Weeks."""
INTERVALS = (
    ("London 2019, first to second", 1 * MONTH, "BBC"),
    ("London 2019, second to third", 3 * MONTH, "BBC (October, one month later, February)"),
    ("London 2020, mean of three", 2 * MONTH / 3, "gosh.nhs.uk; four operations in two months"),
    ("Delhi 2017", 58 / 7, "telegraphindia 181314"),
    ("Montefiore 2004, mean of three", 9.5 * MONTH / 3, "newswise; four in 9.5 months"),
    ("Ribeirão Preto 2022-23, first to second", 3 * MONTH, "folha.uol.com.br (2023)"),
    ("Ribeirão Preto 2022-23, third to fourth", 5 * MONTH, "folha.uol.com.br (2023)"),
    ("Diptych, unless told otherwise", TERMS.value("stage-interval"), "table allocation"),
)
EXPANDERS = (
    ("London 2011", 5.5, "independent.co.uk 2357094; 6abc.com/archive/8359149: five to six"),
    ("UCLA 2002", 6.0, "magazine.ucla.edu 2002"),
    ("UC Davis 2020", 4 * MONTH, "health.ucdavis.edu/children/conjoined-twins"),
    ("Dallas 2003", 5 * MONTH, "cbsnews; washingtontimes, October 2003"),
    ("Singapore 2001", 6 * MONTH, "doi:10.1007/s00381-004-0978-3"),
    ("Costa Rica 2018", 21 * MONTH, "teletica.com 187076"),
)
PUBLISHED_BAGS = (530.0, 670.0)
UCLA_CLAMPING = 218
"""Minutes from 18:22, brain reached, to 22:00, major vessels clamped."""


def middle_of(replay: Replay) -> dict[str, float]:
    """Each assumed number at the middle of its range."""
    found = {entry.key: (entry.low + entry.high) / 2.0 for entry in replay.assumed}
    return found | {e.key: float(round(found[e.key])) for e in replay.assumed if e.whole}


def draw(replay: Replay, number: int) -> dict[str, float]:
    """Each assumed number somewhere in its range, the same for the same number of the draw.

    Drawn again while the network disagrees with what is published.
    """
    rng = np.random.Generator(np.random.Philox(key=[REPLAYS.index(replay), number]))
    while True:
        values = {
            entry.key: float(rng.integers(int(entry.low), int(entry.high) + 1))
            if entry.whole
            else float(rng.uniform(entry.low, entry.high))
            for entry in replay.assumed
        }
        if replay.fits(replay.build(values)):
            return values


def answer(replay: Replay, values: dict[str, float]) -> dict[str, float | bool]:
    network = replay.build(values)
    plan = propose(network)
    if not plan.veins.proof.proven:
        raise RuntimeError(f"{replay.key}: {plan.veins.proof.statement}")
    return dict(replay.judge(values, network, plan))


def tell_one(value: float | bool) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "-" if isnan(value) else f"{value:.0f}"


def tell_many(values: list[float | bool]) -> str:
    known = [v for v in values if isinstance(v, bool) or not isnan(v)]
    if not known:
        return "-"
    if isinstance(known[0], bool):
        among = "" if len(known) == len(values) else f" (of {len(known)})"
        return f"{100 * sum(known) / len(known):.0f} %{among}"
    low, mid, high = np.percentile(np.array(known, dtype=float), [5, 50, 95])
    return f"{mid:.0f} ({low:.0f} to {high:.0f})"


def table_of(replay: Replay, draws: int) -> list[str]:
    """Markdown rows: question, answer with every range at its middle, answer over the draws."""
    middle = answer(replay, middle_of(replay))
    drawn = [answer(replay, draw(replay, number)) for number in range(draws)]
    return [
        f"| {replay.title} | middle of all ranges | {draws} draws |",
        "|---|---|---|",
        *(
            f"| {question} | {tell_one(middle[question])}"
            f" | {tell_many([each[question] for each in drawn])} |"
            for question in middle
        ),
    ]


def assumption_rows(replays: Sequence[Replay]) -> list[str]:
    """Every number that is not published, and in which replays it stands."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for replay in replays:
        for entry in replay.assumed:
            name, why = entry.key, entry.why
            if name.startswith("jitter"):
                name, why = "jitter, each", "assumption: calibre of a piece of ring by a fifth"
            row = (name, f"{entry.low:g} to {entry.high:g} {entry.unit}", why)
            names = found.setdefault(row, [])
            names += [] if replay.key in names else [replay.key]
    return [
        "| assumed | varied over | why | in |",
        "|---|---|---|---|",
        *(f"| {' | '.join(row)} | {', '.join(names)} |" for row, names in found.items()),
    ]


def interval_rows() -> list[str]:
    """How far a collateral has grown by the next operation, for tau of 2, 4 and 8 weeks."""
    tau = TERMS.measured("collateral-time")
    return [
        "| between operations | weeks | grown, % (slow to fast) | source |",
        "|---|---|---|---|",
        *(
            f"| {name} | {weeks:.1f} | {100 * grow(0.0, 1.0, weeks, tau.value):.0f}"
            f" ({100 * grow(0.0, 1.0, weeks, tau.high):.0f} to"
            f" {100 * grow(0.0, 1.0, weeks, tau.low):.0f}) | {source} |"
            for name, weeks, source in INTERVALS
        ),
    ]


def expander_rows() -> list[str]:
    """Weeks with expanders, published and as the plan fills them."""
    sizes = read_sizes(TABLES["reconstruction"])
    _, weeks = plan_fills(sizes[-1:], TABLES["reconstruction"], TABLES["timing"])
    bags = sorted(size.volume for size in sizes)
    full = 1.0 + TABLES["reconstruction"].value("overfill")
    return [
        "| expanders | weeks | source |",
        "|---|---|---|",
        *(f"| {name} | {value:.0f} | {source} |" for name, value, source in EXPANDERS),
        f"| Diptych | {weeks.value:.0f} ({weeks.low:.0f} to {weeks.high:.0f}) |"
        " tables timing, reconstruction |",
        f"| Ribeirão Preto 2023, ml in two | {PUBLISHED_BAGS[0]:.0f} and {PUBLISHED_BAGS[1]:.0f}"
        " | milnoticias.com.br 2023-08-20 |",
        f"| Diptych, ml in the largest size, overfilled | {bags[-1] * full:.0f}"
        " | table reconstruction |",
    ]


def clamp_rows() -> list[str]:
    """How many test clamps would fit into the minutes of UCLA 2002, one after the other."""
    each = TERMS.measured("clamp-test")
    return [
        "| test clamps | minutes | source |",
        "|---|---|---|",
        f"| UCLA 2002, brain reached to major vessels clamped | {UCLA_CLAMPING} |"
        " magazine.ucla.edu 2002 |",
        f"| Diptych: so many fit, at {each.value:.0f} min each ({each.low:.0f} to"
        f" {each.high:.0f}) | {UCLA_CLAMPING // each.value:.0f}"
        f" ({UCLA_CLAMPING // each.high:.0f} to {UCLA_CLAMPING // each.low:.0f})"
        " | table allocation |",
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    keys = [replay.key for replay in REPLAYS]
    parser.add_argument("--cases", nargs="+", choices=keys, default=keys)
    parser.add_argument("--draws", type=int, default=DRAWS)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    chosen = [replay for replay in REPLAYS if replay.key in options.cases]
    try:
        tables = {}
        for replay in chosen:
            tables[replay.key] = table_of(replay, options.draws)
            if not options.json:
                print(f"\nDone: {replay.done}.\n", *tables[replay.key], sep="\n", flush=True)
    except RuntimeError as problem:
        print(problem, file=sys.stderr)
        return 1
    if options.json:
        print(json.dumps(tables, indent=1, ensure_ascii=False))
    else:
        print("", *assumption_rows(chosen), "", *interval_rows(), sep="\n")
        print("", *expander_rows(), "", *clamp_rows(), sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
