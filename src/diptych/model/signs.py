"""How each twin is shown: letter, colour and shape together, never colour alone.

Red is kept for alarms; red-green pairs are avoided. The colours were chosen to differ in
lightness too, so that they stay apart in black and white.
"""

from dataclasses import dataclass

from diptych.model.ids import Owner, TwinId


@dataclass(frozen=True, slots=True, kw_only=True)
class TwinSign:
    """Letter, colour (name and sRGB hex) and shape of one twin."""

    letter: str
    colour_name: str
    colour: str
    shape: str


SIGNS = {
    TwinId.A: TwinSign(letter="A", colour_name="orange", colour="#e8862e", shape="circle"),
    TwinId.B: TwinSign(letter="B", colour_name="purple", colour="#6b3fa0", shape="square"),
}

OWNER_COLOURS = {
    Owner.NOBODY: "#000000",
    Owner.A: "#e8862e",
    Owner.B: "#6b3fa0",
    Owner.SHARED: "#2a9d8f",
    Owner.UNKNOWN: "#9aa0a6",
}
