"""Drugs and blood of a response, by weight, as the catalogue gives them."""

from diptych.model import DrugDose, InputError
from diptych.tables import TableRow

UNITS = (
    "micrograms/kg",
    "micrograms/kg/min",
    "mg/kg",
    "mg/kg/h",
    "g/kg",
    "mL/kg",
    "mmol/kg",
    "units/kg",
    "milliunits/kg",
    "J/kg",
)
PRODUCTS = ("red-cells", "plasma", "platelets", "cryoprecipitate")
_FIELDS = {"name", "low", "high", "unit", "most"}


def read_drugs(row: TableRow) -> tuple[DrugDose, ...]:
    """The drugs of a row; InputError naming the row for one that is incomplete or odd."""
    entries = row.fields.get("drugs", [])
    if not isinstance(entries, list):
        raise _fault(row, f"drugs is {entries!r}, expected a list")
    return tuple(_drug(row, entry) for entry in entries)


def _drug(row: TableRow, entry: object) -> DrugDose:
    fields = entry if isinstance(entry, dict) else {}
    name, unit = fields.get("name"), fields.get("unit")
    low, high = _amount(fields.get("low")), _amount(fields.get("high"))
    most = _amount(fields["most"]) if "most" in fields else None
    fit = isinstance(name, str) and name and unit in UNITS and set(fields) <= _FIELDS
    if not fit or not 0 < low <= high or (most is not None and most <= 0):
        raise _fault(
            row,
            f"drug is {entry!r}, expected name, 0 < low <= high, if wanted most, and a unit of"
            f" {', '.join(UNITS)}",
        )
    return DrugDose(name=str(name), low=low, high=high, unit=str(unit), most=most)


def read_blood(row: TableRow) -> dict[str, float]:
    """Blood products in mL for each kg; InputError naming the row for an odd one."""
    value = row.fields.get("blood", {})
    products = value if isinstance(value, dict) else {"": value}
    for product, amount in products.items():
        if product not in PRODUCTS or _amount(amount) <= 0:
            raise _fault(
                row, f"blood is {value!r}, expected mL/kg above 0 of {', '.join(PRODUCTS)}"
            )
    return {product: _amount(products[product]) for product in PRODUCTS if product in products}


def _amount(value: object) -> float:
    """The number that it is, else -1."""
    whole = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if whole and isinstance(value, int | float) else -1.0


def _fault(row: TableRow, what: str) -> InputError:
    return InputError(
        f"table {row.table}, row {row.key!r}: {what}",
        remedy=f"correct the row in {row.table}.toml",
    )
