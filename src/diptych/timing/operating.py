"""The operating window: what each candidate day costs and why, for both twins together.

The weights between reasons are made up and marked so; the curve says which days are alike
and which are not, and never picks the date.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import exp, isfinite

from diptych.model import Case, InputError, OperatingWindow, Twin, TwinId, WindowPoint
from diptych.tables import SourcedTable
from diptych.timing.growth import DAYS_A_MONTH, GrowthCurve, build_curve
from diptych.timing.policy import TimingPolicy
from diptych.timing.reasons import give_notes, give_reasons
from diptych.timing.season import postponement_probability, season_index

TABLES = ("growth", "seasons", "timing")
YEAR_DAYS = 365.25


@dataclass(frozen=True, slots=True, kw_only=True)
class _Child:
    """One twin's growth: its curves and the z-scores that it keeps."""

    weight: GrowthCurve
    head: GrowthCurve
    weight_z: float
    head_z: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Setting:
    """All that does not change from day to day."""

    case: Case
    children: Mapping[TwinId, _Child]
    fused_area: float
    expansion: Mapping[TwinId, float] | None
    tables: Mapping[str, SourcedTable]
    policy: TimingPolicy

    @property
    def expanders_from(self) -> date:
        return self.policy.expanders_placed or self.case.brief.imaged

    def value(self, key: str) -> float:
        return self.tables["timing"].value(key)

    @property
    def expansion_days(self) -> float:
        """Days from the insertion of the expanders to their last filling; 0 without any."""
        if self.expansion is not None:
            return 7.0 * max(self.expansion.values())
        return self.value("expander-start-days") + 7.0 * self.value("expander-fill-weeks")

    def age(self, day: date) -> float:
        """Age in days."""
        return float((day - self.case.brief.born).days)


def window(
    case: Case,
    *,
    fused_area_cm2: float | None = None,
    head_circumference_cm: Mapping[TwinId, float] | None = None,
    expansion_weeks: Mapping[TwinId, float] | None = None,
    tables: Mapping[str, SourcedTable],
    policy: TimingPolicy | None = None,
) -> OperatingWindow:
    """The curve of burden over the candidate days, with the stretch of days near its lowest.

    fused_area_cm2 : area of the join on the scan; None takes the table's usual one
    head_circumference_cm : measured on the day of the scan; without it the WHO median
    expansion_weeks : from the insertion of each twin's expanders to the last filling, 0 where it
        needs none, as the proposed plan says; None takes the table's usual time
    tables : "growth", "seasons" and "timing"

    One burden is one expected death. Each point's terms: "join" (growth of the shared
    surface), "waiting" (the hazard of staying joined), "scan" (a scan out of date), "season"
    (an infection before the day), "skin" (expansion not finished) and "blood" (the smaller
    twin's blood volume). Raises InputError for a missing table, an implausible weight or
    circumference, or fewer than two candidate days.
    """
    _check_tables(tables)
    chosen = policy or TimingPolicy()
    measured = head_circumference_cm or {}
    children = {twin.id: _child(case, twin, measured.get(twin.id), tables) for twin in case.twins}
    area = tables["timing"].value("fused-area") if fused_area_cm2 is None else fused_area_cm2
    if not (isfinite(area) and area > 0):
        raise InputError(
            f"fused area is {area} cm2, expected a finite number above 0",
            remedy="map the anatomy again, or leave the fused area out",
        )
    setting = _Setting(
        case=case,
        children=children,
        fused_area=area,
        expansion=expansion_weeks,
        tables=tables,
        policy=chosen,
    )
    points = tuple(_point(setting, day) for day in _days(case, chosen.step_days))
    return _summarise(setting, points, measured_area=fused_area_cm2 is not None)


def _check_tables(tables: Mapping[str, SourcedTable]) -> None:
    missing = [name for name in TABLES if name not in tables]
    if missing:
        raise InputError(
            f"timing lacks the tables {', '.join(missing)}", remedy="load growth, seasons, timing"
        )


def _days(case: Case, step: int) -> list[date]:
    """Candidate days, the latest one included; at least two."""
    first, last = case.brief.earliest_operation, case.brief.latest_operation
    days = [first + timedelta(days=n) for n in range(0, (last - first).days + 1, step)]
    if days[-1] != last:
        days.append(last)
    if len(days) < 2:
        raise InputError(
            f"the only day asked for is {first}, expected a stretch of days",
            remedy="widen dates.earliest_operation to dates.latest_operation in case.toml",
        )
    return days


def _child(
    case: Case, twin: Twin, head_cm: float | None, tables: Mapping[str, SourcedTable]
) -> _Child:
    weight = build_curve(tables["growth"], "weight", twin.sex)
    head = build_curve(tables["growth"], "head-circumference", twin.sex)
    age = float((case.brief.imaged - case.brief.born).days)
    kilograms = None if twin.weight is None else float(twin.weight)
    return _Child(
        weight=weight,
        head=head,
        weight_z=_z_score(weight, age, kilograms, twin, tables["growth"]),
        head_z=_z_score(head, age, head_cm, twin, tables["growth"]),
    )


def _z_score(
    curve: GrowthCurve, age: float, size: float | None, twin: Twin, growth: SourcedTable
) -> float:
    if size is None:
        return 0.0
    bounds = growth.number(f"{curve.measure}-z")
    z = curve.z_score(age, size) if isfinite(size) and size > 0 else float("nan")
    if not bounds.low <= z <= bounds.high:
        raise InputError(
            f"twin {twin.id}: {curve.measure} {size:g} at {age / DAYS_A_MONTH:.1f} months is"
            f" {z:.1f} standard deviations from the WHO median {curve.size(age):.1f}, expected"
            f" {bounds.low:g} to {bounds.high:g}",
            remedy="check the number, its unit and the dates (kg and cm; as on the scan's day)",
        )
    return z


def _point(setting: _Setting, day: date) -> WindowPoint:
    facts = _facts(setting, day)
    return WindowPoint(
        day=day,
        age_weeks=setting.age(day) / 7.0,
        terms=_terms(setting, day, facts),
        facts=facts,
    )


def _facts(setting: _Setting, day: date) -> dict[str, float]:
    brief = setting.case.brief
    age = setting.age(day)
    growth = _surface_ratio(setting, day)
    index = season_index(setting.tables["seasons"], day, brief.hemisphere)
    postponed = postponement_probability(
        index,
        per_day=setting.value("infections-per-day-at-peak"),
        days=setting.value("days-at-risk"),
    )
    facts = {
        "age-months": age / DAYS_A_MONTH,
        "scan-age-days": float((day - brief.imaged).days),
        "surface-growth-percent": 100.0 * (growth - 1.0),
        "fused-area-cm2": setting.fused_area * growth,
        "season-index": index,
        "postponement-percent": 100.0 * postponed,
        "skin-expansion-percent": 100.0 * _expansion_done(setting, day),
    }
    for twin, child in setting.children.items():
        facts[f"head-circumference-{twin}-cm"] = child.head.size(age, child.head_z)
        facts[f"weight-{twin}-kg"] = child.weight.size(age, child.weight_z)
    return facts


def _surface_ratio(setting: _Setting, day: date) -> float:
    """Head surface on that day over that on the scan: circumference squared, mean of both twins."""
    now, then = setting.age(day), setting.age(setting.case.brief.imaged)
    ratios = [
        (child.head.size(now, child.head_z) / child.head.size(then, child.head_z)) ** 2
        for child in setting.children.values()
    ]
    return sum(ratios) / len(ratios)


def _expansion_done(setting: _Setting, day: date) -> float:
    """Share 0..1 of the filling that is done by that day; 1 where nothing has to be filled."""
    start = setting.value("expander-start-days")
    if setting.expansion_days <= start:
        return 1.0
    filling = (day - setting.expanders_from).days - start
    return min(1.0, max(0.0, filling / (setting.expansion_days - start)))


def _scan_key(case: Case) -> str:
    """The row that says how long the scan holds: less under 12 months, when heads grow fast."""
    months = (case.brief.imaged - case.brief.born).days / DAYS_A_MONTH
    return "scan-valid-under-12-months" if months < 12 else "scan-valid-from-12-months"


def _terms(setting: _Setting, day: date, facts: Mapping[str, float]) -> dict[str, float]:
    waited = facts["scan-age-days"]
    lightest = min(facts[f"weight-{twin}-kg"] for twin in setting.children)
    valid = setting.value(_scan_key(setting.case))
    overdue = max(0.0, waited - valid) / valid
    unready = 1.0 - facts["skin-expansion-percent"] / 100.0
    further = facts["fused-area-cm2"] - setting.fused_area
    hazard = setting.value("waiting-hazard") * waited / YEAR_DAYS
    return {
        "join": setting.value("weight-join") * further,
        "waiting": setting.value("weight-waiting") * (1.0 - exp(-hazard)),
        "scan": setting.value("weight-scan") * (1.0 - exp(-overdue)),
        "season": setting.value("weight-season") * facts["postponement-percent"] / 100.0,
        "skin": setting.value("weight-skin") * unready**2,
        "blood": setting.value("weight-blood") * setting.value("reference-weight") / lightest,
    }


def _summarise(
    setting: _Setting, points: Sequence[WindowPoint], *, measured_area: bool
) -> OperatingWindow:
    brief = setting.case.brief
    burdens = [point.burden for point in points]
    lowest = burdens.index(min(burdens))
    limit = burdens[lowest] + setting.policy.tolerance * abs(burdens[lowest])
    first = last = lowest
    while first > 0 and burdens[first - 1] <= limit:
        first -= 1
    while last + 1 < len(points) and burdens[last + 1] <= limit:
        last += 1
    apart = [p.day for n, p in enumerate(points) if burdens[n] <= limit and not first <= n <= last]
    scan_key = _scan_key(setting.case)
    expires = brief.imaged + timedelta(days=round(setting.value(scan_key)))
    return OperatingWindow(
        points=tuple(points),
        opens=points[first].day,
        closes=points[last].day,
        lowest=points[lowest].day,
        tolerance=setting.policy.tolerance,
        scan_valid_until=expires,
        reasons=give_reasons(points, setting.tables, scan_key=scan_key, scan_valid_until=expires),
        notes=(
            *give_notes(points, setting.tables, others=apart),
            *_setting_notes(setting, points[-1], measured_area=measured_area),
        ),
    )


def _setting_notes(setting: _Setting, last: WindowPoint, *, measured_area: bool) -> tuple[str, ...]:
    notes = []
    if not measured_area:
        notes.append(f"The area of the join was not given; {setting.fused_area:g} cm2 was assumed.")
    if setting.expansion is not None:
        each = ", ".join(f"twin {t} {setting.expansion[t]:.0f}" for t in sorted(setting.expansion))
        notes.append(
            f"Weeks from the insertion of the expanders to their last filling, by the proposed"
            f" plan: {each}; the skin is counted as ready when both are."
        )
    if setting.expansion_days > 0.0 and setting.policy.expanders_placed is None:
        notes.append(
            f"Expanders are taken to be placed on the day of the scan, {setting.expanders_from};"
            " give policy.timing.expanders_placed in case.toml for the real day."
        )
    unweighed = [str(twin.id) for twin in setting.case.twins if twin.weight is None]
    if unweighed:
        names = " and ".join(unweighed)
        notes.append(f"No weight is known for twin {names}: the WHO median stands in.")
    if setting.age(setting.case.brief.earliest_operation) < YEAR_DAYS:
        notes.append(
            "The hazard of waiting was counted after the first birthday; before it, it is"
            " probably higher."
        )
    if last.age_weeks * 7.0 > min(child.head.ends for child in setting.children.values()):
        notes.append("The WHO standard ends at 61 months; later days keep its last values.")
    return tuple(notes)
