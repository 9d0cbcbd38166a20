"""Published operation days beside the band that the other days give (leave-one-out).

Each day of the table "published-days" is composed from what is known of it, solved, and
simulated; overrun, shared part and scatter are fitted on the other days. The last columns show
a band made without any composition: a log-normal through the same span of the other days.

    .venv/bin/python benchmarks/published_days.py [--ten-veins] [--draws N] [--seed N] [--json]
"""

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import replace
from math import exp, log, sqrt
from statistics import fmean, stdev

from diptych.choreography import read_roster, solve
from diptych.choreography.overrun import Band
from diptych.choreography.published import (
    SPANS,
    Comparison,
    PublishedDay,
    compare_published,
    compose_published,
    read_published_days,
)
from diptych.tables import demonstration_roster, load_table

TABLES = ("steps", "skills", "roles", "zones", "equipment", "rest")
TARGETS = SPANS[:2]


def compare(days: Sequence[PublishedDay], draws: int, seed: int) -> Comparison:
    tables = {name: load_table(name) for name in TABLES}
    roster = read_roster(demonstration_roster(), tables=tables)
    schedules = {day.id: solve(compose_published(day, roster, tables=tables)) for day in days}
    return compare_published(days, schedules, draws=draws, seed=seed)


def plain_band(band: Band, bands: Sequence[Band]) -> tuple[float, float] | None:
    """A log-normal through the same span of the other days, with the doubt of its mean."""
    others = [log(each.told) for each in bands if each.span == band.span and each.day != band.day]
    if len(others) < 3:
        return None
    wide = 1.2816 * stdev(others) * sqrt(1 + 1 / len(others))
    return exp(fmean(others) - wide), exp(fmean(others) + wide)


def show(comparison: Comparison) -> None:
    print("| day | span | told | simulated P10 to P90 | width | held | without composing |")
    print("|---|---|---|---|---|---|---|")
    for band in comparison.bands:
        plain = plain_band(band, comparison.bands)
        alone = "-" if plain is None else f"{plain[0] / 60:.1f} to {plain[1] / 60:.1f}"
        print(
            f"| {band.day} | {band.span.replace('_', ' ')} | {band.told / 60:.1f} h |"
            f" {band.low / 60:.1f} to {band.high / 60:.1f} h (middle {band.middle / 60:.1f}) |"
            f" {band.width:.2f} | {'yes' if band.holds else 'no'} | {alone} |"
        )


def summarise(comparison: Comparison) -> dict[str, object]:
    target = [band for band in comparison.bands if band.span in TARGETS]
    plain = [(band, plain_band(band, comparison.bands)) for band in target]
    alone = [(band, limits) for band, limits in plain if limits is not None]
    held, of = comparison.held()
    every = comparison.held(SPANS)
    return {
        "held": held,
        "of": of,
        "share": round(held / of, 3),
        "width": round(fmean(band.width for band in target), 2),
        "held_all_spans": every[0],
        "of_all_spans": every[1],
        "without_composing_held": sum(low <= b.told <= high for b, (low, high) in alone),
        "without_composing_of": len(alone),
        "without_composing_width": round(fmean(high / low for _, (low, high) in alone), 2),
        "overruns": {
            day: {
                "factor": round(each.factor, 3),
                "error": round(each.error, 3),
                "share": each.share,
                "scatter": each.scatter,
            }
            for day, each in comparison.overruns.items()
        },
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ten-veins", action="store_true", help="ignore earlier stages")
    parser.add_argument("--draws", type=int, default=4000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    began = time.process_time()
    days = read_published_days(load_table("published-days"))
    if options.ten_veins:
        days = tuple(replace(day, veins=10) for day in days)
    comparison = compare(days, options.draws, options.seed)
    found = summarise(comparison) | {"cpu_s": round(time.process_time() - began, 1)}
    if options.json:
        print(json.dumps(found, indent=2))
        return
    show(comparison)
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
