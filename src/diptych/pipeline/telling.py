"""The anatomy as machine-readable rows (docs/reference/anatomy-json.md; pinned by a test)."""

from collections.abc import Mapping

import numpy as np

from diptych.anatomy import OLD_INTERVALS
from diptych.model import (
    Anatomy,
    DrainageShare,
    Measured,
    Owner,
    Tissue,
    TwinId,
    Vessel,
    Volume,
)

SCHEMA = "diptych.anatomy/1"
UNSURE = 75
"""Percent; what is less sure counts as unsure, as on the slices of the dossier."""


def tell_anatomy(anatomy: Anatomy) -> dict[str, object]:
    """What was found, in JSON's own types."""
    return {
        "schema": SCHEMA,
        **tell_findings(anatomy),
        "classification": tell_class(anatomy),
        "owners": _tell_owners(anatomy),
        "vessels": [_tell_vessel(vessel) for vessel in anatomy.vessels.vessels],
    }


def tell_findings(anatomy: Anatomy) -> dict[str, object]:
    """What `diptych plan --json` and `diptych anatomy --json` both tell of an anatomy."""
    return {
        "scope": _tell_scope(anatomy),
        "measures": {
            name: tell_measured(anatomy.measures[name])
            for name in sorted(anatomy.measures)
            if not name.endswith(("-A", "-B"))
        },
        "intervals": "before correction" if OLD_INTERVALS in anatomy.notes else "measured",
        "drainage": _tell_drainage(anatomy),
        "tissue_confidence": _tell_tissues(anatomy),
        "notes": list(anatomy.notes),
    }


def tell_measured(value: Measured) -> dict[str, object]:
    """Value, low, high and unit."""
    return {"value": value.value, "low": value.low, "high": value.high, "unit": value.unit}


def tell_class(anatomy: Anatomy) -> dict[str, object]:
    """The class with its distances to each limit."""
    found = anatomy.classification
    return {
        "label": found.label,
        "oconnell": found.oconnell or None,
        "winston": found.winston or None,
        "shared_sinus": found.shared_sinus,
        "shared_sinus_evidence": found.shared_sinus_evidence,
        "long_axis_angle": tell_measured(found.long_axis_angle),
        "rotation": tell_measured(found.rotation),
        "distances": {name: found.margins[name] for name in sorted(found.margins)},
        "ambiguous": found.ambiguous,
        "reasons": list(found.reasons),
    }


def _tell_scope(anatomy: Anatomy) -> dict[str, object] | None:
    scope = anatomy.scope
    if scope is None:
        return None
    return {
        "craniopagus": scope.craniopagus,
        "findings": list(scope.findings),
        "possible": list(scope.possible),
        "impossible": list(scope.impossible),
    }


def _tell_drainage(anatomy: Anatomy) -> dict[str, object]:
    network = anatomy.vessels
    return {
        "shares": [_tell_share(share) for share in network.shares],
        "crossed_ml_min": {twin.value: float(network.crossed(twin)) for twin in TwinId},
    }


def _tell_share(share: DrainageShare) -> dict[str, object]:
    return {
        "twin": share.twin.value,
        "hemisphere": share.hemisphere,
        "outlet": share.outlet.value,
        "outlet_side": share.outlet_side,
        "root": str(share.root),
        "share": share.share,
        "flow": tell_measured(share.flow),
    }


def _tell_tissues(anatomy: Anatomy) -> dict[str, object] | None:
    """Of each tissue that occurs: its volume, the mean confidence, and how much is unsure."""
    if anatomy.tissue_confidence is None:
        return None
    rows = _confidence_by_code(anatomy.tissues, anatomy.tissue_confidence)
    return {
        tissue.name.lower(): rows[int(tissue)]
        for tissue in Tissue
        if tissue is not Tissue.AIR and int(tissue) in rows
    }


def _tell_owners(anatomy: Anatomy) -> dict[str, object]:
    rows = _confidence_by_code(anatomy.ownership, anatomy.confidence)
    owners = (Owner.A, Owner.B, Owner.SHARED, Owner.UNKNOWN)
    return {owner.name: rows.get(int(owner), _row(0.0, 0.0, 0.0)) for owner in owners}


def _confidence_by_code(codes: Volume, sure: Volume) -> Mapping[int, dict[str, object]]:
    """Volume in ml, mean confidence in percent and ml below UNSURE, for each code that occurs."""
    kinds = 256
    pairs = codes.voxels.astype(np.int64).ravel() * kinds + sure.voxels.astype(np.int64).ravel()
    counts = np.bincount(pairs, minlength=kinds * kinds).reshape(-1, kinds)
    ml = float(codes.voxel_volume)
    return {
        code: _row(
            float(row.sum()) * ml,
            float((row * np.arange(kinds)).sum() / row.sum()),
            float(row[:UNSURE].sum()) * ml,
        )
        for code, row in enumerate(counts)
        if row.any()
    }


def _row(amount: float, mean: float, unsure: float) -> dict[str, object]:
    return {
        "volume_ml": round(amount, 3),
        "mean_percent": round(mean, 2),
        "unsure_ml": round(unsure, 3),
    }


def _tell_vessel(vessel: Vessel) -> dict[str, object]:
    return {
        "id": str(vessel.id),
        "name": vessel.name,
        "kind": vessel.kind,
        "owner": vessel.owner.name,
        "start": str(vessel.start),
        "end": str(vessel.end),
        "calibre_mm": float(vessel.calibre),
        "length_mm": float(vessel.length),
        "flow": tell_measured(vessel.flow),
        "confidence": vessel.confidence,
        "name_confidence": vessel.name_confidence,
        "territory_ml": float(vessel.territory),
    }
