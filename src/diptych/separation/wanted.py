"""The vessels that demands speak of: found by id or by name, and told in words."""

from diptych.model import Demands, InputError, TwinId, Vessel, VesselNetwork
from diptych.separation.terms import Wishes


def read_wishes(demands: Demands, network: VesselNetwork) -> Wishes:
    """What the demands ask of the allocation.

    Raises InputError for a vessel that is not there or whose name several bear.
    """
    return Wishes(
        keep=tuple((find_vessel(network, word).id, twin) for word, twin in demands.keep),
        split=tuple(find_vessel(network, word).id for word in demands.split),
    )


def find_vessel(network: VesselNetwork, word: str) -> Vessel:
    """The vessel with this id, or the only one with this name (hyphens count as blanks)."""
    asked = _plain(word)
    found = [vessel for vessel in network.vessels if _plain(vessel.id) == asked]
    found = found or [vessel for vessel in network.vessels if _plain(vessel.name) == asked]
    if len(found) == 1:
        return found[0]
    if found:
        ids = ", ".join(vessel.id for vessel in found)
        raise InputError(
            f"{len(found)} vessels are called {word!r}: {ids}", remedy="name one of them by its id"
        )
    near = [vessel for vessel in network.vessels if asked and asked in _plain(vessel.name)]
    known = ", ".join(f"{v.id} ({v.name})" for v in (near or network.vessels)[:12])
    raise InputError(
        f"there is no vessel {word!r}",
        remedy=f"name a vessel of the anatomy by its id: {known or 'none was found'}"
        + (" and others" if len(near or network.vessels) > 12 else ""),
    )


def tell_wishes(wishes: Wishes, network: VesselNetwork) -> tuple[str, ...]:
    """The demands on vessels in words, twin A's first."""
    kept = sorted(wishes.keep, key=lambda demand: demand[1])
    words = [f"twin {twin} must keep {_named(network.vessel(v))}" for v, twin in kept]
    return (*words, *(f"{_named(network.vessel(v))} is to be split" for v in wishes.split))


def tell_choice(demands: Demands) -> tuple[str, ...]:
    """The plan preferred and the number of operations, in words."""
    words = []
    if demands.prefer != "balanced":
        words.append(f"the plan kinder to twin {TwinId(demands.prefer)} is to be proposed")
    if demands.stages is not None:
        operations = "one operation" if demands.stages == 1 else f"{demands.stages} operations"
        words.append(f"the vessels are to be divided in {operations}")
    return tuple(words)


def _plain(word: str) -> str:
    return " ".join(word.replace("-", " ").casefold().split())


def _named(vessel: Vessel) -> str:
    return f"{vessel.name} ({vessel.id})"
