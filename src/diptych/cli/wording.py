"""The plan in a few plain lines, for the end of a command."""

from collections.abc import Mapping
from typing import Any

_SHOWN = 12


def plan_lines(summary: dict[str, Any]) -> list[str]:
    """What a tired person wants to know first; the dossier's path last."""
    kind, cut, schedule = summary["classification"], summary["cut"], summary["schedule"]
    coverage, rehearsal = summary["coverage"], summary["rehearsal"]
    gaps = len(coverage["gaps"])
    start = schedule["day_start"]
    parted, ends = rehearsal["separation_time"], rehearsal["end_time"]
    return [
        f"Class       {kind['label']}, long axes at {kind['long_axis_angle']['value']:.0f}°,"
        f" rotation {kind['rotation']['value']:.0f}°"
        + (" (ambiguous: see the reasons in the dossier)" if kind["ambiguous"] else ""),
        f"Cut         {cut['statement']}",
        f"Vessels     {len(summary['vessels']['crossed'])} cross the cut",
        *(
            f"Twin {twin}      to replace: "
            + ", ".join(
                f"{name} {summary['defects'][twin][f'{name}_cm2']['value']:.0f} cm²"
                for name in ("skin", "dura", "bone")
            )
            for twin in ("A", "B")
        ),
        f"Window      {summary['window']['opens']} to {summary['window']['closes']}",
        f"Day         {len_text(schedule['makespan_min'])} planned from {start},"
        f" {schedule['people']} people, {'checked' if schedule['checked'] else 'NOT CHECKED'}",
        f"Rehearsed   {rehearsal['days']} days: separation"
        f" {clock(start, parted['p10']['value'])} to {clock(start, parted['p90']['value'])}, end"
        f" {clock(start, ends['p10']['value'])} to {clock(start, ends['p90']['value'])} (P10-P90)",
        f"Covered     {coverage['covered']} of {coverage['cells']} hazard-minutes,"
        f" {gaps} gap{'' if gaps == 1 else 's'}",
        *_reserve_lines(summary.get("reserve")),
        f"Dossier     {summary['dossier']}",
    ]


def _reserve_lines(reserve: dict[str, Any] | None) -> list[str]:
    """What the day needs besides its roster, where it was asked to be covered."""
    if reserve is None:
        return []
    what = {1: "every hazard", 2: "every two hazards", 3: "every three hazards"}[reserve["order"]]
    proof = "no fewer would do" if reserve["proven"] else f"at least {reserve['least']} are needed"
    return [
        f"Reserve     with {what} covered at once, the day needs besides its roster"
        f" {reserve['people_and_kit']} people and pieces of kit ({proof}):",
        *(f"            {row}" for row in reserve["needed"]),
        *_beyond_lines(reserve["not_covered"]),
    ]


def _beyond_lines(gaps: list[dict[str, Any]]) -> list[str]:
    """Sets that no reserve covers, put together by what is missing."""
    minutes: dict[str, int] = {}
    sets: dict[str, int] = {}
    for gap in gaps:
        spans = sum(end - start for start, end in gap["spans_min"])
        minutes[gap["missing"]] = max(minutes.get(gap["missing"], 0), spans)
        sets[gap["missing"]] = sets.get(gap["missing"], 0) + 1
    return [
        f"NOT COVERED by any reserve: {sets[what]} sets, up to {minutes[what]} min: {what}"
        for what in sorted(sets, key=lambda what: -sets[what])
    ]


def part_lines(result: dict[str, Any]) -> list[str]:
    """Where the result of one part lies, and what a person should know of it."""
    return [f"{result['part']}: written to {result['folder']}", *result.get("notes", ())]


def proof_lines(result: dict[str, Any]) -> list[str]:
    """Shares covered by order, the first gaps in words, what the checker says."""
    told = result["prove"]
    names = {1: "one hazard", 2: "two at once", 3: "three at once", 4: "four at once"}
    lines = []
    for row in told["orders"]:
        share = row["covered"] / max(row["combinations"], 1)
        turn = ""
        if row["in_turn"]:
            turn = f"; one after another {row['in_turn_covered'] / row['in_turn']:.2%}"
        lines.append(
            f"{names[row['order']]:<14} {share:7.2%} of {row['combinations']} covered"
            f" ({row['classes']} looked at){turn}"
        )
    lines += _gap_lines(told["gaps"])
    lines += [
        f"Emergency path not staffed: {row['title']}, twin {row['dying']} dying, from"
        f" {row['minutes'] - row['staffed']} of {row['minutes']} minutes"
        for row in told["emergency"]
        if row["gaps"]
    ]
    verdict = "accepted" if told["certificate"]["accepted"] else "NOT ACCEPTED"
    seconds = "" if told["seconds"] is None else f" proved in {told['seconds']:.2f} s;"
    return [*lines, f"Independent check: {verdict};{seconds} written to {result['folder']}"]


def _gap_lines(gaps: list[dict[str, Any]]) -> list[str]:
    told = [
        f"Gap: {' + '.join(gap['hazards'])}, {sum(b - a for a, b in gap['spans_min'])} min:"
        f" {gap['missing']}"
        for gap in gaps[:_SHOWN]
    ]
    more = len(gaps) - len(told)
    return told + ([f"and {more} more gaps, all in the dossier and with --json"] if more else [])


def separation_lines(result: dict[str, Any]) -> list[str]:
    """Each plan with both twins' costs side by side, then what was demanded and what to know."""
    told = result["separate"]
    lines = []
    for plan in told["plans"]:
        mark = " (proposed)" if plan["plan"] == told["proposed"] else ""
        lines += [f"Plan {plan['plan']}{mark}", *_plan_rows(plan), ""]
    for demand in told["demands"]:
        lines.append(f"Demanded: {demand}")
    for words in (*told["without_plan"], *told["notes"]):
        lines.append(f"Note: {words}")
    return [*lines, f"Front: {len(told['front'])} cuts; written to {result['folder']}"]


def _plan_rows(plan: dict[str, Any]) -> list[str]:
    rows: list[tuple[str, ...]] = [("", "twin A", "twin B")]
    both = [plan["costs"][twin] for twin in "AB"]
    rows.append(("own tissue given", *(f"{cost['own_tissue_given_ml']:.2f} ml" for cost in both)))
    rows.append(("of that, brain", *(f"{cost['brain_given_ml']:.2f} ml" for cost in both)))
    found = plan["allocation"]
    if found is not None:
        after = [found["after"][twin] for twin in "AB"]
        rows.append(("blood that drains", *(f"{entry['share']:.0%}" for entry in after)))
        kept = [sum(1 for row in plan["crossed"] if row["keeper"] == twin) for twin in "AB"]
        rows.append(("crossed vessels kept", *(str(count) for count in kept)))
    for layer in ("skin", "dura", "bone"):
        needs = [plan["defects"][twin][f"{layer}_cm2"] for twin in "AB"]
        rows.append((f"{layer} to replace", *(f"{need['value']:.0f} cm²" for need in needs)))
    proof = "proven the best cut for its costs" if plan["proven"] else "the cut is NOT PROVEN"
    vessels = "" if found is None or found["proven"] else "; who keeps what is NOT PROVEN"
    return [
        *(f"  {name:<22}{a:>12}{b:>12}" for name, a, b in rows),
        f"  {proof}{vessels}",
    ]


def replan_lines(found: dict[str, Any]) -> list[str]:
    """The three ways side by side, then what changes for people in the first of them."""
    ways, before = found["ways"], found["before"]
    columns = [before, *ways.values()]
    rows = [
        ("", "planned", "least change", "earliest", "most reserve"),
        ("end", *(side["end"] for side in columns)),
        ("separation", *(side["separation"] or "not done" for side in columns)),
        ("people changed", "", *(str(way["people_changed"]) for way in ways.values())),
        ("tasks moved", "", *(str(len(way["tasks"])) for way in ways.values())),
        ("minutes moved", "", *(str(way["shift_min"]) for way in ways.values())),
        ("reserve, min", "", *(str(way["reserve_min"]) for way in ways.values())),
    ]
    lines = [f"At {found['clock']}, from {found['stands']}:"]
    lines += [f"  {row[0]:<16}" + "".join(f"{cell:>14}" for cell in row[1:]) for row in rows]
    least = ways["least"]
    lines += ["Least change:"] if least["people"] or least["tasks"] else ["Nothing changes."]
    lines += [
        f"  {row['name']} {'takes' if row['change'] == 'called' else 'gives up'}"
        f" {row['title']} ({row['skill']}, in {row['lead_min']} min)"
        for row in least["people"]
    ]
    lines += [f"  {words}" for words in least["tasks"][:_SHOWN]]
    more = len(least["tasks"]) - _SHOWN
    lines += [f"  and {more} more tasks; --json tells all"] if more > 0 else []
    lines += [f"Note: {note}" for note in found["notes"]]
    if "taken" in found:
        return [*lines, f"Taken and kept in {found['taken']}."]
    return [*lines, "Nothing was written; --take least, earliest or reserve keeps one."]


def what_if_lines(found: dict[str, Any]) -> list[str]:
    """The plan that stands and the one asked about, both twins side by side."""
    now, then = found["now"], found["then"]
    head = ("", "now A", "now B", "then A", "then B")
    rows: list[tuple[str, ...]] = [head]
    for name, key in (
        ("own tissue given", "own_tissue_given_ml"),
        ("of that, brain", "brain_given_ml"),
    ):
        both = [side["costs"][twin][key] for side in (now, then) for twin in "AB"]
        rows.append((name, *(f"{amount:.2f} ml" for amount in both)))
    if now["drained_share"] and then["drained_share"]:
        shares = [side["drained_share"][twin] for side in (now, then) for twin in "AB"]
        rows.append(("blood that drains", *(f"{share:.0%}" for share in shares)))
    lines = [f"  {row[0]:<20}" + "".join(f"{cell:>11}" for cell in row[1:]) for row in rows]
    lines += [
        f"{row['name']} ({row['vessel']}): {_keeper(row['now'])} now, {_keeper(row['then'])} then"
        for row in found["keepers_changed"]
    ]
    lines.append(f"{found['tissue_that_changes_sides_ml']:.2f} ml of tissue would change sides.")
    lines += [f"Demanded: {demand}" for demand in found["demands"]]
    lines += [f"Note: {note}" for note in found["notes"]]
    proof = "proven the best for its costs" if then["proven"] else "NOT PROVEN"
    return [
        *lines,
        f"The cut asked about is {proof}, at the place of the plan that stands on the front; under"
        " these demands another place may be proposed. Areas, skin, clamps and stages were not"
        " worked out; the case keeps nothing of this.",
    ]


def _keeper(twin: str | None) -> str:
    return f"twin {twin}" if twin else "kept by neither"


def label_lines(told: dict[str, Any]) -> list[str]:
    """What became of the names of labels made elsewhere."""
    if told.get("labels") == "none":
        return ["The labels made elsewhere were taken away."]
    used, unused = told["used"], told["unused"]
    lines = [f"label {name}: {used[name]}" for name in used]
    if unused:
        lines.append(f"names that say nothing here: {', '.join(unused)}")
    return lines


def len_text(minutes: float) -> str:
    """Minutes as hours and minutes: "26 h 40 min"."""
    return f"{int(minutes) // 60} h {int(minutes) % 60:02d} min"


def clock(start: str, minutes: float) -> str:
    """Clock reading `minutes` after `start`, with the day if it is not the first."""
    hours, first = start.split(":")
    total = int(hours) * 60 + int(first) + int(minutes)
    day = total // 1440
    return f"{total // 60 % 24:02d}:{total % 60:02d}" + (f" (+{day} d)" if day else "")


def schedule_lines(told: Mapping[str, Any]) -> list[str]:
    """What a schedule of a procedure file came to, for people."""
    simulated = told["simulated"]["end"]
    proven = "proven shortest" if told["status"] == "optimal" else f"bound {told['bound']} min"
    return [
        f"{told['title']}: {told['makespan']} min from {told['day_start']} ({proven}),"
        f" {told['people']} people.",
        *(f"  {minute:5d} min  {id}" for id, minute in _by_minute(told["milestones"])),
        f"Simulated end, P10 to P90: {simulated['p10']:.0f} to {simulated['p90']:.0f} min.",
        *(f"Wrote {file}" for file in told["files"]),
    ]


def _by_minute(milestones: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(milestones.items(), key=lambda entry: (entry[1], entry[0]))


def dry_run_lines(told: Mapping[str, Any]) -> list[str]:
    """The rehearsals, and what a time log proposes, for people."""
    lines = []
    for session in told["sessions"]:
        lines.append(
            f"{session['number']}. {session['kind']}, {session['days_before']} days before,"
            f" {session['clock']}, {session['minutes']} min, {len(session['people'])} people"
        )
        lines += [f"     {part['minutes']:3d} min  {part['title']}" for part in session["parts"]]
    for row in told["proposals"]:
        old, new = ("/".join(map(str, row[name])) for name in ("old", "new"))
        lines.append(f"{row['step']}: {old} -> {new} min, n = {row['n']}; {row['note']}")
    return [*lines, *told["notes"], *(f"Wrote {file}" for file in told["files"])]
