"""Names of two children that must never be taken for each other.

Text is folded for comparison only; what people wrote is kept as they wrote it.
"""

import unicodedata
from itertools import pairwise

from diptych.model import Check, InputError, SafetyRefusal

_LOOK_ALIKES = str.maketrans(
    "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0458\u0455\u0501\u051b\u051d\u04bb"
    "\u043a\u043c\u0442\u0432\u043d\u04cf\u043f\u0433\u0438"
    "\u03bf\u03b1\u03c1\u03bd\u03b9\u03ba\u03c5\u03c4\u03c7\u0131\u0261\u0269",
    "aeopcyxijsdqwhkmtbhlnruoapvikutxigi",
)
"""Cyrillic, Greek and Latin letters that look like another Latin letter, lower case."""
_NEAR = 1
"""Labels that this many changed letters would make equal are too near."""


def check_text(thing: str, text: str) -> None:
    """InputError if the text holds invisible or direction-changing characters."""
    for character in text:
        hidden = unicodedata.category(character) in ("Cf", "Cc", "Co", "Cs", "Zl", "Zp")
        if hidden and character not in "\n\t":
            raise InputError(
                f"{thing} holds the invisible character U+{ord(character):04X},"
                " expected only characters that can be seen",
                remedy=f"type {thing} again by hand",
            )


def fold(text: str) -> str:
    """What the text looks like: compatible forms, case, spaces and look-alike letters folded."""
    plain = unicodedata.normalize("NFKC", text).casefold().translate(_LOOK_ALIKES)
    stripped = unicodedata.normalize("NFKD", plain)
    letters = "".join(sign for sign in stripped if not unicodedata.combining(sign))
    return " ".join(letters.split())


def compare_labels(a: str, b: str) -> Check:
    """Whether the twins' labels can be told apart at a glance.

    SafetyRefusal when they look the same; a failed Check when one letter keeps them apart.
    """
    one, other = fold(a), fold(b)
    if one == other:
        raise SafetyRefusal(
            f"twins A and B have labels that look the same ({a!r} and {b!r})",
            remedy="give each twin a label that differs in its first letter, such as the"
            " first names",
        )
    near = edit_distance(one, other)
    if near > _NEAR:
        return Check(
            name="labels-differ", passed=True, detail=f"{near} letters keep {a!r} and {b!r} apart"
        )
    return Check(
        name="labels-differ",
        passed=False,
        detail=f"only one letter keeps {a!r} and {b!r} apart; always read letter, colour and"
        " shape as well",
    )


def edit_distance(one: str, other: str) -> int:
    """The fewest letters to insert, delete or change to turn one text into the other."""
    row = list(range(len(other) + 1))
    for letter in one:
        steps = [row[0] + 1]
        for (diagonal, above), sign in zip(pairwise(row), other, strict=True):
            steps.append(min(above + 1, steps[-1] + 1, diagonal + (letter != sign)))
        row = steps
    return row[-1]
