"""The demonstration roster that the package brings: invented people, no real staff."""

from importlib.resources import files


def demonstration_roster() -> str:
    """The CSV text of the demonstration roster, ready to be written into a case."""
    return files("diptych.tables").joinpath("roster.csv").read_text("utf-8")
