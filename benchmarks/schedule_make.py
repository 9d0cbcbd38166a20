"""Makes project instances in the public formats, by seed, with the parameters of public sets.

    python benchmarks/schedule_make.py FOLDER [--sets j60 j120 mm50 mspsp imopse] [--seeds 1 2 3]

The method is ProGen's (Kolisch, Sprecher and Drexl 1995, doi 10.1287/mnsc.41.10.1693): a random
network of given complexity (arcs a task), resource factor (share of the resources that a task
uses) and resource strength (0: each task just fits, 1: never short). Made instances are not
the published ones and have no published optimum.
"""

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np


@dataclass(frozen=True, kw_only=True)
class Shape:
    tasks: int
    modes: int = 1
    complexity: tuple = (1.5, 1.8, 2.1)
    factor: tuple = (0.5, 0.75, 1.0)
    strength: tuple = (0.2,)
    stocks: int = 0
    stock_strength: float = 0.5


SETS = {
    "j30": Shape(tasks=30),
    "j60": Shape(tasks=60),
    "j90": Shape(tasks=90),
    "j120": Shape(tasks=120, strength=(0.1, 0.2, 0.3)),
    "rg300": Shape(tasks=300, strength=(0.2,)),
    "mm30": Shape(tasks=30, modes=3, strength=(0.25,), stocks=2),
    "mm50": Shape(tasks=50, modes=3, strength=(0.25,), stocks=2),
    "mm100": Shape(tasks=100, modes=3, strength=(0.25,), stocks=2),
}


class Network:
    """A growing order without redundant arcs: `after` each task, and who reaches whom."""

    def __init__(self, tasks):
        self.after = [set() for _ in range(tasks + 2)]
        self.reach = np.eye(tasks + 2, dtype=bool)

    def join(self, one, two):
        for up in np.flatnonzero(self.reach[:, one]):
            self.reach[up] |= self.reach[two]
        self.after[one].add(two)

    def adds(self, one, two):
        """The arc says something new, and makes none of the others redundant."""
        ups, downs = np.flatnonzero(self.reach[:, one]), np.flatnonzero(self.reach[two])
        below = set(downs.tolist())
        return not self.reach[one, two] and not any(self.after[up] & below for up in ups.tolist())


def make_network(random, tasks, complexity):
    """Successors of each task 0..tasks+1 (source and sink included), without redundant arcs."""
    network, near, starts = Network(tasks), tasks // 3, 3
    for task in range(1, tasks + 1):
        first = 0 if task <= starts else int(random.integers(max(1, task - near), task))
        network.join(first, task)
    wanted = int(complexity * (tasks + 2))
    for _ in range(40 * wanted):
        if sum(map(len, network.after)) >= wanted:
            break
        one = int(random.integers(1, tasks))
        two = int(random.integers(one + 1, min(tasks, one + near) + 1))
        if len(network.after[one]) < 3 and network.adds(one, two):
            network.join(one, two)
    for task in range(1, tasks + 1):
        if not network.after[task]:
            network.join(task, tasks + 1)
    return [sorted(row) for row in network.after]


def make_demands(random, shape, factor):
    """(tasks, modes, 4 resources) demands 1..10, and lengths (tasks, modes) 1..10."""
    lengths = np.sort(random.integers(1, 11, (shape.tasks, shape.modes)), axis=1)
    uses = random.random((shape.tasks, 4)) < factor
    uses[~uses.any(axis=1), random.integers(0, 4)] = True
    demand = np.sort(random.integers(1, 11, (shape.tasks, shape.modes, 4)), axis=1)[:, ::-1]
    return lengths, np.where(uses[:, None, :], demand, 0)


def earliest_load(after, lengths, demand):
    """Highest demand of each resource when every task starts as early as order allows."""
    start = np.zeros(len(after), int)
    for task, row in enumerate(after):
        for then in row:
            length = lengths[task - 1, 0] if 0 < task <= len(lengths) else 0
            start[then] = max(start[then], start[task] + length)
    load = np.zeros((start.max() + 11, demand.shape[2]), int)
    for task in range(len(lengths)):
        load[start[task + 1] : start[task + 1] + lengths[task, 0]] += demand[task, 0]
    return load.max(axis=0)


def make_project(shape, seed):
    """Successors, lengths, renewable demands, capacities, stock uses, stocks."""
    random = np.random.Generator(np.random.Philox(key=[seed, shape.tasks * 10 + shape.modes]))
    pick = seed % (len(shape.complexity) * len(shape.factor) * len(shape.strength))
    complexity = shape.complexity[pick % len(shape.complexity)]
    factor = shape.factor[pick // len(shape.complexity) % len(shape.factor)]
    strength = shape.strength[pick // len(shape.complexity) // len(shape.factor)]
    after = make_network(random, shape.tasks, complexity)
    lengths, demand = make_demands(random, shape, factor)
    least, most = demand.min(axis=1).max(axis=0), earliest_load(after, lengths, demand)
    capacity = np.maximum(least, np.round(least + strength * (most - least))).astype(int)
    capacity = np.maximum(capacity, demand.max(axis=(0, 1)))
    stock_use = np.sort(random.integers(1, 11, (shape.tasks, shape.modes, shape.stocks)), axis=1)[
        :, ::-1
    ]
    low, high = stock_use.min(axis=1).sum(axis=0), stock_use.max(axis=1).sum(axis=0)
    stock = np.round(low + shape.stock_strength * (high - low)).astype(int)
    return after, lengths, demand, capacity, stock_use, stock


def write_sm(after, lengths, demand, capacity, stock_use, stock):
    """The text of a PSPLIB file (.sm, .mm)."""
    tasks, modes = lengths.shape
    rule = "*" * 72
    both = np.concatenate([demand, stock_use], axis=2)
    head = [
        rule, "file with basedata            : made", "initial value random generator: 0", rule,
        "projects                      :  1", f"jobs (incl. supersource/sink ):  {tasks + 2}",
        f"horizon                       :  {lengths.max(axis=1).sum()}", "RESOURCES",
        f"  - renewable                 :  {len(capacity)}   R",
        f"  - nonrenewable              :  {len(stock)}   N",
        "  - doubly constrained        :  0   D", rule, "PROJECT INFORMATION:",
        "pronr.  #jobs rel.date duedate tardcost  MPM-Time",
        f"    1     {tasks}      0        0        0        0", rule, "PRECEDENCE RELATIONS:",
        "jobnr.    #modes  #successors   successors",
    ]  # fmt: skip
    for task, row in enumerate(after):
        many = modes if 0 < task <= tasks else 1
        head.append(f"{task + 1:4d}{many:9d}{len(row):13d}  " + "".join(f"{t + 1:5d}" for t in row))
    names = "".join(f"  R {n + 1}" for n in range(len(capacity)))
    names += "".join(f"  N {n + 1}" for n in range(len(stock)))
    head += [rule, "REQUESTS/DURATIONS:", f"jobnr. mode duration{names}", "-" * 72]
    zeros = "    0" * both.shape[2]
    head.append(f"  1      1     0    {zeros}")
    for task in range(tasks):
        for mode in range(modes):
            number = f"{task + 2:3d}" if mode == 0 else "   "
            needs = "".join(f"{n:5d}" for n in both[task, mode])
            head.append(f"{number}{mode + 1:7d}{lengths[task, mode]:6d}    {needs}")
    head.append(f"{tasks + 2:3d}      1     0    {zeros}")
    amounts = "".join(f"{n:5d}" for n in [*capacity, *stock])
    return "\n".join([*head, rule, "RESOURCEAVAILABILITIES:", names, amounts, rule, ""])


def make_skills(random, tasks, people):
    """(tasks, 4) people wanted of each skill, (people, 4) who has it; each task can be done."""
    mastery = random.random((people, 4)) < 0.5
    mastery[~mastery.any(axis=1), random.integers(0, 4)] = True
    wanted = np.where(random.random((tasks, 4)) < 0.5, random.integers(1, 4, (tasks, 4)), 0)
    wanted[~wanted.any(axis=1), random.integers(0, 4)] = 1
    sets = [[n for n in range(4) if mask >> n & 1] for mask in range(1, 16)]
    for row in wanted:
        for skills in sets:
            while row[skills].sum() > mastery[:, skills].any(axis=1).sum():
                row[max(skills, key=lambda n: row[n])] -= 1
    return wanted, mastery


def write_dzn(seed, tasks=40, people=25):
    """The text of an MSPSP file like set 1b: 40 activities, 4 skills, 25 people."""
    random = np.random.Generator(np.random.Philox(key=[seed, 4040]))
    after = make_network(random, tasks, (1.5, 1.8, 2.1)[seed % 3])
    wanted, mastery = make_skills(random, tasks, people)
    none = np.zeros((1, 4), int)
    lengths = [0, *random.integers(1, 11, tasks).tolist(), 0]
    links = [(one + 1, two + 1) for one, row in enumerate(after) for two in row]

    def table(rows):
        return "[| " + "\n| ".join(",".join(map(str, row)) + "," for row in rows) + " |]"

    asked = np.concatenate([none, wanted, none]).tolist()
    able = [["true" if one else "false" for one in row] for row in mastery]
    fields = {
        "nActs": tasks + 2, "dur": lengths, "nSkills": 4, "sreq": table(asked),
        "nResources": people, "mastery": table(able), "nPrecs": len(links),
        "pred": [one for one, _ in links], "succ": [two for _, two in links],
    }  # fmt: skip
    return f"% seed = {seed}\n" + "".join(f"{name} = {value};\n" for name, value in fields.items())


def write_def(seed, tasks=100, people=10, links=48, kinds=9):
    """The text of an iMOPSE file: 100 tasks, 10 people with 6 of 9 skills at levels 0 to 2."""
    random = np.random.Generator(np.random.Philox(key=[seed, 100]))
    levels = np.full((people, kinds), -1)
    for row in levels:
        row[random.permutation(kinds)[:6]] = random.integers(0, 3, 6)
    skill = random.integers(0, kinds, tasks)
    level = np.minimum(random.integers(0, 3, tasks), levels.max(axis=0)[skill])
    skill = np.where(level < 0, levels.max(axis=0).argmax(), skill)
    before = [[] for _ in range(tasks)]
    for _ in range(links):
        two = int(random.integers(1, tasks))
        one = int(random.integers(max(0, two - 12), two))
        before[two] = sorted({*before[two], one + 1})
    rule = "=" * 40
    head = [
        rule, "General characteristics:", f"Tasks: {tasks}", f"Resources: {people}",
        f"Precedence relations: {sum(map(len, before))}", f"Number of skill types: {kinds}",
        rule, "ResourceID \t Salary \t Skills",
    ]  # fmt: skip
    for n, row in enumerate(levels):
        owned = "\t".join(f"Q{kind}: {one}" for kind, one in enumerate(row) if one >= 0)
        head.append(f"{n + 1}\t20.0\t{owned}")
    head += [rule, "TaskID \t Duration \t Skill \t Predecessor IDs"]
    for n in range(tasks):
        ends = "\t".join(map(str, before[n]))
        length = int(random.integers(9, 41))
        head.append(f"{n + 1}\t{length}\tQ{skill[n]}: {max(0, level[n])}\t{ends}")
    return "\n".join([*head, rule, ""])


WRITERS = {"mspsp": ("dzn", write_dzn), "imopse": ("def", write_def)}


def write_instance(folder, name, seed):
    if name in WRITERS:
        suffix, writer = WRITERS[name]
        path = Path(folder) / f"made_{name}_{seed}.{suffix}"
        path.write_text(writer(seed))
        return path
    shape = SETS[name]
    suffix = "mm" if shape.modes > 1 else "sm"
    path = Path(folder) / f"made_{name}_{seed}.{suffix}"
    path.write_text(write_sm(*make_project(shape, seed)))
    return path


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument(
        "--sets", nargs="+", default=["j60", "j90", "j120"], choices=sorted([*SETS, *WRITERS])
    )
    parser.add_argument("--seeds", nargs="+", type=int, default=[1, 2, 3])
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    for name in options.sets:
        for seed in options.seeds:
            print(write_instance(options.folder, name, seed))
    return 0


if __name__ == "__main__":
    sys.exit(main())
