"""The bounds of the accuracy benchmark, and its tables."""

import math
from typing import Any

Figures = dict[str, Any]

BOUNDS = {
    "cut_wrong_%": 2.0,
    "vein_wrong_%": 2.0,
    "vessel_wrong_%": 2.0,
    "septum_mean_mm": 0.7,
    "septum_p95_mm": 2.0,
    "calibre_error_%": 10.0,
    "cut_mean_mm": 1.0,
    "cut_p95_mm": 3.0,
    "artery_calibre_error_%": 10.0,
    "angle_error_deg": 2.0,
    "rotation_error_deg": 3.0,
}
LEAST = {
    "vessel_dice": 0.85,
    "line_recall": 0.95,
    "line_precision": 0.95,
    "artery_recall": 0.95,
    "artery_precision": 0.95,
}
MAP_WRONG, MAP_WRONG_NOISY, NOISY = 1.0, 2.0, 10.0
"""Per cent of wrong owners; above NOISY HU of noise the second bound holds."""
TIMES_BETTER = 3.0
COMPARED = ("map_wrong_%", "cut_wrong_%", "vein_wrong_%", "cut_mean_mm", "septum_mean_mm")
CLASS_RIGHT, SURE_LOW, SURE_HIGH = 98.0, 85.0, 95.0
"""Per cent of classes that are right; what is called 85 to 95 % sure is right that often."""
FEWEST_CLASSES, FEWEST_VOXELS = 50, 1000
"""Shares are judged only where so many were counted: fewer say nothing about 98 %."""


def broken_bounds(result: Figures, noise: float) -> list[str]:
    """The bounds that a pair breaks, in words; a missing figure (NaN) breaks its bound."""
    ours = result["ours"]
    bounds = {"map_wrong_%": MAP_WRONG_NOISY if noise > NOISY else MAP_WRONG, **BOUNDS}
    broken = [
        f"{name} {ours[name]:.2f} > {bound:g}"
        for name, bound in bounds.items()
        if name in ours and not ours[name] <= bound
    ]
    broken += [
        f"{name} only {better:.1f} times better than a flat plane"
        for name, better in result["times_better"].items()
        if not better >= TIMES_BETTER
    ]
    broken += [
        f"{name} {ours[name]:.3f} < {least:g}"
        for name, least in LEAST.items()
        if name in ours and not ours[name] >= least
    ]
    if ours["loops_missed"]:
        broken.append(f"{ours['loops_missed']:.0f} loops of the vessels not found")
    said, cut = result["class"], result.get("cut")
    if said["said"] != said["true"]:
        broken.append(f"class {said['said']}, true {said['true']}")
    if cut and (cut["value"] != cut["flow"] or not cut["proven"]):
        broken.append(f"cut {cut['value']} and flow {cut['flow']}, proven: {cut['proven']}")
    return broken


def pool_sure(results: list[Figures], what: str) -> list[list[float]]:
    """Bins of stated confidence over all pairs: low, high, voxels, said %, right %."""
    bins: dict[tuple[float, float], list[float]] = {}
    for result in results:
        for low, high, count, said, right in result["sure"][what]:
            total = bins.setdefault((low, high), [0.0, 0.0, 0.0])
            for place, amount in enumerate((count, count * said, count * right)):
                total[place] += amount
    return [
        [low, high, count, said / count, right / count]
        for (low, high), (count, said, right) in sorted(bins.items())
    ]


def broken_together(results: list[Figures]) -> list[str]:
    """The bounds that all pairs together break: how sure, and how often the class is right."""
    broken = []
    for what in ("tissue", "vessels"):
        for low, high, count, _, right in pool_sure(results, what):
            judged = (low, high) == (SURE_LOW, SURE_HIGH) and count >= FEWEST_VOXELS
            if judged and not SURE_LOW <= right <= SURE_HIGH:
                broken.append(f"{what} called {low:g}-{high:g} % sure: {right:.1f} % right")
    right = 100.0 * sum(r["class"]["said"] == r["class"]["true"] for r in results)
    if len(results) >= FEWEST_CLASSES and right / len(results) < CLASS_RIGHT:
        broken.append(f"class right in {right / len(results):.1f} % < {CLASS_RIGHT:g}")
    return broken


COLUMNS = (
    ("map wrong % (plane)", "map_wrong_%", True),
    ("interr. %", "map_wrong_interrupted_%", False),
    ("vein wrong % (plane)", "vein_wrong_%", True),
    ("vessels wrong %", "vessel_wrong_%", False),
    ("with shared %", "vessel_wrong_with_shared_%", False),
    ("septum mean mm (plane)", "septum_mean_mm", True),
    ("p95 mm (plane)", "septum_p95_mm", True),
    ("cut wrong % (plane)", "cut_wrong_%", True),
    ("cut mean mm (plane)", "cut_mean_mm", True),
    ("p95 mm (plane)", "cut_p95_mm", True),
    ("dice", "vessel_dice", False),
    ("lines found", "line_recall", False),
    ("lines true", "line_precision", False),
    ("calibre err %", "calibre_error_%", False),
    ("loops missed", "loops_missed", False),
    ("arteries found", "artery_recall", False),
    ("arteries true", "artery_precision", False),
    ("name wrong %", "line_name_wrong_%", False),
    ("angle err", "angle_error_deg", False),
    ("rot. err", "rotation_error_deg", False),
)


def name_pair(pair: Figures) -> str:
    """A pair's name: type and seed, and what is not as usual."""
    more = [f"{pair['age']:g} months"] if pair["age"] != 9.5 else []
    more += [f"{pair['noise']:g} HU"] if pair["noise"] != 7.0 else []
    more += [f"{pair['spacing']:g} mm"] if pair["spacing"] != 1.0 else []
    more += [pair["phase"]] if pair["phase"] != "venous" else []
    more += ["hard"] if pair["hard"] else []
    return ", ".join([f"{pair['type']} {pair['seed']}", *more])


def table_row(result: Figures, columns: list[tuple[str, str, bool]]) -> list[str]:
    """One line of the table."""
    ours, plane, said, cut = (result.get(k) for k in ("ours", "plane", "class", "cut"))
    cells = [name_pair(result["pair"])]
    for _, name, compared in columns:
        text = f"{ours[name]:.2f}"
        cells.append(f"{text} ({plane[name]:.1f})" if compared else text)
    cells.append("right" if said["said"] == said["true"] else f"WRONG: {said['said']}")
    if cut:
        cells.append("= flow" if cut["value"] == cut["flow"] and cut["proven"] else "NOT PROVEN")
    return cells


def print_table(results: list[Figures]) -> None:
    """All results as a table in Markdown, the worst of each, then the bounds that are broken."""
    columns = [c for c in COLUMNS if all(c[1] in result["ours"] for result in results)]
    names = ["pair", *(title for title, _, _ in columns), "class"]
    names += ["cut"] if all("cut" in result for result in results) else []
    rows = [names, ["---"] * len(names), *(table_row(result, columns) for result in results)]
    if len(results) > 1:
        rows += [_sum_up(results, columns, "median", _median), _sum_up(results, columns, *_WORST)]
    _print_all(rows, results)


def _print_all(rows: list[list[str]], results: list[Figures]) -> None:
    """The rows, how sure, and every bound that is broken."""
    for line in rows:
        print("| " + " | ".join(line) + " |")
    _print_sure(results)
    for result in results:
        for text in result["broken"]:
            print(f"broken: {name_pair(result['pair'])}: {text}")
    for text in broken_together(results):
        print(f"broken: {text}")


SUMMED = (
    ("map wrong % (worst; plane)", "map_wrong_%"),
    ("vein wrong % (worst; plane)", "vein_wrong_%"),
    ("septum mean mm (worst; plane)", "septum_mean_mm"),
    ("septum p95 mm (worst; plane)", "septum_p95_mm"),
    ("dice", "vessel_dice"),
    ("lines found", "line_recall"),
    ("lines true", "line_precision"),
    ("calibre err %", "calibre_error_%"),
    ("loops missed", "loops_missed"),
    ("arteries found", "artery_recall"),
    ("arteries true", "artery_precision"),
    ("artery calibre err %", "artery_calibre_error_%"),
    ("angle err", "angle_error_deg"),
    ("rot. err", "rotation_error_deg"),
)


def print_summary(results: list[Figures]) -> None:
    """Median and worst figure for each type and noise, beside them the median of the best flat
    plane where it has one, then classes, confidence and all bounds that are broken.
    """
    names = ["type, noise", "pairs", *(title for title, _ in SUMMED), "class right"]
    lines = [names, ["---"] * len(names)]
    for noise in sorted({r["pair"]["noise"] for r in results}):
        for kind in sorted({r["pair"]["type"] for r in results}):
            group = [r for r in results if (r["pair"]["type"], r["pair"]["noise"]) == (kind, noise)]
            lines.append(_summary_row(f"{kind}, {noise:g} HU", group))
    lines.append(_summary_row("all", results))
    _print_all(lines, results)


def _summary_row(title: str, group: list[Figures]) -> list[str]:
    cells = [title, str(len(group))]
    for _, name in SUMMED:
        known = [r["ours"][name] for r in group if not math.isnan(r["ours"].get(name, math.nan))]
        plane = [r["plane"][name] for r in group if name in r["plane"]]
        beside = f"; {_median(plane, name):.1f}" if plane else ""
        words = f"{_median(known, name):.2f} ({_worst(known, name):.2f}{beside})" if known else "-"
        cells.append(words)
    right = sum(r["class"]["said"] == r["class"]["true"] for r in group)
    return [*cells, f"{right} of {len(group)}"]


def _median(values: list[float], _: str) -> float:
    return sorted(values)[len(values) // 2]


def _worst(values: list[float], name: str) -> float:
    return min(values) if name in LEAST else max(values)


_WORST = ("worst", _worst)


def _sum_up(results, columns, title, pick) -> list[str]:  # type: ignore[no-untyped-def]
    cells = [title]
    for _, name, _ in columns:
        known = [r["ours"][name] for r in results if not math.isnan(r["ours"][name])]
        cells.append(f"{pick(known, name):.2f}" if known else "nan")
    right = sum(r["class"]["said"] == r["class"]["true"] for r in results)
    return [*cells, f"{right} of {len(results)} right"] + [""] * ("cut" in results[0])


def _print_sure(results: list[Figures]) -> None:
    print(
        "\n| called, % | of | voxels | said on average | right |\n| --- | --- | --- | --- | --- |"
    )
    for what in ("tissue", "vessels", "rims of shared vessels"):
        for low, high, count, said, right in pool_sure(results, what):
            print(f"| {low:g} to {high:g} | {what} | {count:.0f} | {said:.1f} | {right:.1f} |")
