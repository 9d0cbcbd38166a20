"""Drugs and blood of a response as a table: by weight, and worked out for each twin."""

from collections.abc import Mapping, Sequence

from diptych.model import DrugDose, Hazard, Kilogram, Paragraph, Response, Table, TwinId
from diptych.report.blocks import table
from diptych.report.words import sign_twin, tell_number

Weights = Mapping[TwinId, Kilogram | None]
BLANK = "_" * 9
CHECK = (
    "Doses are to be checked by the team's pharmacist and anaesthetists before this card is used."
)


def tabulate_doses(kind: Sequence[Hazard], weights: Weights) -> tuple[Table | Paragraph, ...]:
    """Doses by weight with a column for each twin, a blank where no weight is known.

    None where the response names neither drug nor blood.
    """
    response = kind[0].response
    if not response.drugs and not response.blood:
        return ()
    twins = [TwinId(h.subject.value) for h in kind if h.subject.value in list(TwinId)]
    chosen = twins or list(TwinId)
    rows = [
        *(_drug(drug, chosen, weights) for drug in response.drugs),
        *_blood(response, chosen, weights),
    ]
    headings = ("Drug or blood", "By weight", *(tell_weight(t, weights) for t in chosen))
    return table("Drugs and blood", headings, rows), Paragraph(text=CHECK, kind="assumption")


def tell_weight(twin: TwinId, weights: Weights) -> str:
    """The twin with its weight, or with room to write it."""
    weight = weights.get(twin)
    told = BLANK if weight is None else f"{weight:g}"
    return f"{sign_twin(twin)} {told}\u00a0kg"


def _drug(drug: DrugDose, twins: Sequence[TwinId], weights: Weights) -> tuple[str, ...]:
    unit = drug.unit.replace("/kg", "", 1)
    most = "" if drug.most is None else f", at most {tell_number(drug.most)}\u00a0{unit}"
    cells = []
    for twin in twins:
        weight = weights.get(twin)
        cells.append(BLANK if weight is None else _span(*drug.of(float(weight)), unit))
    return drug.name, _span(drug.low, drug.high, drug.unit) + most, *cells


def _blood(response: Response, twins: Sequence[TwinId], weights: Weights) -> list[tuple[str, ...]]:
    rows = []
    for product, amount in response.blood.items():
        cells = []
        for twin in twins:
            weight = weights.get(twin)
            cells.append(BLANK if weight is None else f"{amount * weight:.0f}\u00a0mL")
        name = product.replace("-", " ")
        rows.append((name, f"{tell_number(amount)}\u00a0mL/kg", *cells))
    return rows


def _span(low: float, high: float, unit: str) -> str:
    if low == high:
        return f"{tell_number(low)}\u00a0{unit}"
    return f"{tell_number(low)} to {tell_number(high)}\u00a0{unit}"
