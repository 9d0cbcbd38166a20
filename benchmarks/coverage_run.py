"""What benchmarks/coverage.py does: proofs timed, the same questions put to free libraries."""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from itertools import combinations
from math import comb
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from choreography_days import demonstration
from environments import check_python, find_python

from diptych.choreography import solve
from diptych.contingencies import AnswerPolicy, check_sets, prove_coverage, read_hazards
from diptych.contingencies.classes import sort_minutes
from diptych.contingencies.cover import search_cover
from diptych.contingencies.sets import search_sets
from diptych.model import Schedule
from diptych.pipeline.parts import CHOREOGRAPHY
from diptych.storage.blobs import load_value
from diptych.tables import load_table

HERE = Path(__file__).resolve().parent
RULES = AnswerPolicy()
OWN_PEERS, OTHER_PEERS = ("ortools", "scipy"), ("networkx", "igraph")
REQUIREMENTS = ("igraph==1.0.0", "networkx==3.6.1", "numpy==2.4.6")


def read_day(case):
    """The schedule of the case, or the demonstration day; and the hazards of the table."""
    if case:
        schedule = load_value(Path(case) / CHOREOGRAPHY, "schedule", Schedule)
    else:
        schedule = solve(demonstration())
    return schedule, read_hazards(load_table("hazards"), schedule.procedure)


def prove(schedule, hazards, order, turns):
    if order == 1:
        return None, search_cover(schedule, tuple(hazards), RULES)
    classes = sort_minutes(schedule, hazards, RULES)
    return classes, search_sets(classes, schedule, hazards, order, turns=turns)


def spend(work, repeat):
    """CPU seconds, the middle of `repeat` runs, and what the last gave."""
    seconds = []
    for _ in range(repeat):
        begin = time.process_time()
        found = work()
        seconds.append(time.process_time() - begin)
    return float(np.median(seconds)), found


def measure(schedule, hazards, order, repeat):
    """One row, and the proof with its classes."""
    first, _ = spend(lambda: prove(schedule, hazards, order, turns=False), 1)
    warm, (classes, proof) = spend(lambda: prove(schedule, hazards, order, turns=False), repeat)
    row = {"order": order, "first_s": first, "warm_s": warm, "turns_s": None}
    if order == 1:
        check, proved = spend(lambda: prove_coverage(schedule, hazards), repeat)
        row |= {"check_s": check - warm, "faults": int(not proved.certified)}
        row |= {"combinations": proof.minutes, "classes": None, "searched": None}
        row |= {"gaps": sum(g.end - g.start for g in proof.gaps), "covered": proof.covered_minutes}
    else:
        prove(schedule, hazards, order, turns=True)
        turns, (_, proof) = spend(lambda: prove(schedule, hazards, order, turns=True), repeat)
        check, faults = spend(lambda: check_sets(schedule, hazards, proof), 1)
        row |= {"turns_s": turns - warm, "check_s": check, "faults": len(faults)}
        for name in ("combinations", "classes", "searched", "gaps", "covered"):
            row[name] = sum(getattr(count, name) for count in proof.counts)
    row["peak_mib"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    return row, classes, proof


def draw_questions(classes, order, number, rng):
    """Random (class, set): each class as often as it has sets of that order."""
    alive = [np.flatnonzero(row) for row in classes.alive]
    weights = np.array([comb(len(row), order) for row in alive], np.float64)
    if not weights.any():
        return []
    chosen = rng.choice(len(alive), size=number, p=weights / weights.sum())
    return [
        (int(c), tuple(sorted(rng.choice(alive[c], order, replace=False).tolist()))) for c in chosen
    ]


def list_fillers(classes):
    """For each class and place the numbers that can fill it, as lists."""
    bits = np.unpackbits(classes.masks.view(np.uint8), axis=2, bitorder="little")
    return [[np.flatnonzero(place).tolist() for place in places] for places in bits]


def answer(proof, questions):
    """What the certificate says: covered, unless it holds a gap."""
    gaps = {}
    for number, *hazards in proof.certificate.gaps.tolist():
        gaps.setdefault(number, set()).add(tuple(h for h in hazards if h >= 0))
    return [
        not any(
            few in gaps.get(number, ())
            for size in range(1, len(hazards) + 1)
            for few in combinations(hazards, size)
        )
        for number, hazards in questions
    ]


def pose(classes, fillers, questions):
    """The places of each question, each with the numbers that can fill it."""
    first = classes.first.tolist()
    return [
        [fillers[number][place] for h in hazards for place in range(first[h], first[h + 1])]
        for number, hazards in questions
    ]


def ask_peer(name, python, posed):
    done = subprocess.run(
        [python, str(HERE / "coverage_peer.py"), name],
        input=json.dumps(posed),
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
    )
    if done.returncode:
        raise SystemExit(f"{name} failed: {done.stderr[-800:]}")
    return json.loads(done.stdout)


def measure_peers(options, classes, proof):
    """A row for each order and peer: microseconds a question and answers that differ."""
    rng = np.random.Generator(np.random.Philox(key=options.seed))
    fillers, rows = list_fillers(classes), []
    for order in range(1, proof.order + 1):
        questions = draw_questions(classes, order, options.sample, rng)
        ours, posed = answer(proof, questions), pose(classes, fillers, questions)
        for name in (*OWN_PEERS, *OTHER_PEERS):
            python = sys.executable if name in OWN_PEERS else options.peer_python
            found = ask_peer(name, python, posed)
            differ = sum(a != b for a, b in zip(found["covered"], ours, strict=True))
            each = 1e6 * found["cpu_s"] / max(1, len(questions))
            row = {"order": order, "peer": name, "questions": len(questions)}
            rows.append(row | {"each_us": each, "differ": differ, "covered": sum(ours)})
    return rows


def sum_ratios(counts, warm, check, peers):
    """Ratios of each peer's seconds to ours, and the least of them, which is the best peer's."""
    ratios = {}
    own = warm / sum(count.classes for count in counts)
    for name in (*OWN_PEERS, *OTHER_PEERS):
        each = {row["order"]: row["each_us"] / 1e6 for row in peers if row["peer"] == name}
        classes = sum(each[count.order] * count.classes for count in counts)
        minutes = sum(each[count.order] * count.combinations for count in counts)
        ratios[name] = {
            "a question": each[counts[-1].order] / own,
            "all classes": classes / warm,
            "all combinations": minutes / warm,
            "and checked": minutes / (warm + check),
        }
    best = {kind: min(row[kind] for row in ratios.values()) for kind in next(iter(ratios.values()))}
    return ratios | {"best": best}


def run(options):
    schedule, hazards = read_day(options.case)
    people = len(schedule.procedure.staff)
    facts = {"minutes": int(schedule.makespan), "people": people, "hazards": len(hazards)}
    found = {"day": facts | {"tasks": len(schedule.assignments)}, "rows": []}
    for order in range(1, options.order + 1):
        row, classes, proof = measure(schedule, hazards, order, options.repeat)
        found["rows"].append(row)
    if options.order > 1:
        found["day"] |= {"classes": len(classes.alive), "stretches": len(classes.of)}
        found["counts"] = [
            {name: getattr(count, name) for name in ("order", "combinations", "classes", "gaps")}
            for count in proof.counts
        ]
    if options.peers:
        found["peers"] = measure_peers(options, classes, proof)
        found["ratios"] = sum_ratios(proof.counts, row["warm_s"], row["check_s"], found["peers"])
    return found


def show(found):
    print("  ".join(f"{name} {value}" for name, value in found["day"].items()))
    _table(found["rows"])
    if "peers" in found:
        _table(found["peers"])
        print("seconds of the peer over ours; sums over all orders, extrapolated from the sample")
        _table([{"peer": name} | row for name, row in found["ratios"].items()])


def _table(rows):
    names = list(rows[0])
    cells = [[_cell(row[name]) for name in names] for row in rows]
    wide = [max(len(name), *(len(row[n]) for row in cells)) for n, name in enumerate(names)]
    for row in ([*names], *cells):
        print("  ".join(f"{cell:>{w}}" for cell, w in zip(row, wide, strict=True)))


def _cell(value):
    if value is None:
        return "-"
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def read_options(about):
    about = about.split("\n\n", 1)
    parser = argparse.ArgumentParser(
        description=about[0], epilog=about[1], formatter_class=argparse.RawTextHelpFormatter
    )
    add = parser.add_argument
    add("case", nargs="?", metavar="CASE", help="case folder; default: the demonstration day")
    add("--order", type=int, choices=[1, 2, 3, 4], default=3)
    add("--repeat", type=int, default=3, help="proofs of which the middle is told")
    add("--peers", action="store_true", help="free matching on a sample of the same sets")
    add("--peer-python", metavar="PATH", help="a Python with igraph and networkx; implies --peers")
    add("--sample", type=int, default=3000, help="questions of each order for the peers")
    add("--seed", type=int, default=1)
    add("--json", action="store_true")
    options = parser.parse_args()
    options.peers = options.peers or bool(options.peer_python)
    if options.peers and options.order == 1:
        parser.error("peers are given sets: --order 2, 3 or 4")
    return options


def main(about):
    options = read_options(about)
    if options.peers:
        options.peer_python = options.peer_python or find_python("coverage", REQUIREMENTS)
        for module in OTHER_PEERS:
            check_python(options.peer_python, module)
    found = run(options)
    if options.json:
        print(json.dumps(found, indent=1))
    else:
        show(found)
    wrong = sum(row["faults"] for row in found["rows"])
    wrong += sum(row["differ"] for row in found.get("peers", []))
    return 1 if wrong else 0
