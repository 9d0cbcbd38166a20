"""Units as types: a number that crosses a function boundary says what it measures.

Everything inside Diptych is in these units; conversion happens once, at the edge
that reads or writes a foreign file, and is never silent.
"""

from typing import NewType

Millimetre = NewType("Millimetre", float)
SquareCentimetre = NewType("SquareCentimetre", float)
Millilitre = NewType("Millilitre", float)
MillilitrePerMinute = NewType("MillilitrePerMinute", float)
MillimetreOfMercury = NewType("MillimetreOfMercury", float)
Degree = NewType("Degree", float)
Kilogram = NewType("Kilogram", float)
Probability = NewType("Probability", float)
Minute = NewType("Minute", int)
"""Whole minutes since the start of the operation day (the clock reading `Procedure.day_start`)."""
