"""How well the arteries of a pair agree with the truth: lines, calibres, owners, names, and
how much of each brain's blood comes from the other twin's neck.

Lines are compared as in vessel_scoring.py. Of a true pair's arteries the crossing ones end in
the other twin's brain; all others feed their own.
"""

from dataclasses import dataclass, replace

import numpy as np
import vessel_scoring

from diptych.model import TwinId, Vessel, VesselNetwork


@dataclass(frozen=True, slots=True, kw_only=True)
class ArteryScore:
    """Figures of the arteries of one pair against the truth.

    lines : recall, precision and calibre error as of veins
    wrong_owner, wrong_name : per cent of the true length (of at least 1.5 mm calibre) whose
        nearest found artery has another owner, or another name (kind, letter and side)
    unnamed : per cent of the true length that is only numbered
    crossed, true_crossed : share of A's and of B's arterial blood from the other's neck
    """

    lines: vessel_scoring.NetworkScore
    wrong_owner: float
    wrong_name: float
    unnamed: float
    crossed: tuple[float, float]
    true_crossed: tuple[float, float]


def true_arteries(truth: VesselNetwork) -> VesselNetwork:
    """The arteries of a true network."""
    return replace(truth, vessels=tuple(v for v in truth.vessels if v.kind == "artery"))


def true_veins(truth: VesselNetwork) -> VesselNetwork:
    """The veins and sinuses of a true network."""
    return replace(truth, vessels=tuple(v for v in truth.vessels if v.kind != "artery"))


def title_of(vessel: Vessel) -> str:
    """Name with letter and side, without numbers and without the part of the cortex."""
    words = vessel.name.split(",")
    name = words[0].rstrip("0123456789")
    side = words[1] if len(words) > 1 and words[1] in (" left", " right") else ""
    return f"{name}{side}"


def score_arteries(found: VesselNetwork, truth: VesselNetwork) -> ArteryScore:
    """All figures of the arteries of one pair; NaN where there are none."""
    true = true_arteries(truth)
    wide = tuple(v for v in true.vessels if v.calibre >= vessel_scoring.LEAST_CALIBRE)
    lines = vessel_scoring.sample_lines(wide)
    ours = vessel_scoring.sample_lines(found.vessels)
    away, nearest = vessel_scoring._match(lines.points, ours.points)
    near = away <= vessel_scoring.LOOP_REACH
    pairs = [
        (found.vessels[ours.vessel[n]] if ok else None, wide[w])
        for n, w, ok in zip(nearest, lines.vessel, near, strict=True)
    ]
    plain = [f is not None and title_of(f)[:8] == "artery " + f.owner.name for f, _ in pairs]
    return ArteryScore(
        lines=vessel_scoring.score_network(found, true),
        wrong_owner=_percent([f is None or f.owner is not w.owner for f, w in pairs]),
        wrong_name=_percent(
            [
                f is not None and not p and title_of(f) != title_of(w)
                for (f, w), p in zip(pairs, plain, strict=True)
            ]
        ),
        unnamed=_percent(plain),
        crossed=(_share(found, TwinId.A), _share(found, TwinId.B)),
        true_crossed=(_true_share(true, TwinId.A), _true_share(true, TwinId.B)),
    )


def _percent(values: list[bool]) -> float:
    return 100.0 * float(np.mean(values)) if values else float("nan")


def _share(network: VesselNetwork, twin: TwinId) -> float:
    total = sum(s.flow.value for s in network.shares if s.twin is twin)
    return float(network.crossed(twin)) / total if total else float("nan")


def _true_share(network: VesselNetwork, twin: TwinId) -> float:
    starts = {vessel.start for vessel in network.vessels}
    own = other = 0.0
    for vessel in network.vessels:
        if vessel.end in starts:
            continue
        crossing = vessel.name.startswith("crossing")
        if (vessel.owner.name == twin) != crossing:
            own += 0.0 if crossing else vessel.flow.value
            other += vessel.flow.value if crossing else 0.0
    return other / (own + other) if own + other else float("nan")
