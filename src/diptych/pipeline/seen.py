"""What the images of a case show is kept beside its anatomy, so that corrections take seconds.

The file is named by nothing but its place: the key inside it says which inputs, policy and
program it was made from, and it is used for no others.
"""

import os
from collections.abc import Mapping
from hashlib import sha256
from json import dumps
from pathlib import Path
from shutil import copyfile

from diptych.anatomy import (
    OLD_INTERVALS,
    AnatomyPolicy,
    Seen,
    divide_seen,
    fill_images,
    leave_images,
    see_case,
)
from diptych.model import Anatomy, Case, Corrections, DiptychError, Measured, Volume
from diptych.pipeline.folder import write_atomically
from diptych.pipeline.stage import Run
from diptych.storage.blobs import read_json
from diptych.storage.codec import decode
from diptych.storage.packed import pack_value, unpack_value
from diptych.tables import SourcedTable

FILE = "seen.packed"
MOST_BYTES = 96 * 1024 * 1024
"""A pair of 1 mm takes about a third of this."""
MOST_VOXELS = 24_000_000
"""Of the box round the heads: more would be packed for seconds, only to be refused."""


class Sight:
    """What the images show, from the last run where it was made from the same, else found.

    place : folder of the last anatomy; out : folder of the one in the making
    """

    def __init__(self, run: Run, place: Path, out: Path) -> None:
        self._run, self._place, self._out = run, place, out
        inputs = run.inputs["anatomy"]
        facts = inputs["facts"]
        assert isinstance(facts, Mapping)
        others = {name: facts[name] for name in facts if name != "corrections"}
        text = dumps(inputs | {"facts": others}, sort_keys=True, default=str)
        self._key = sha256(text.encode()).hexdigest()
        self.recalled = False

    def recall(self, case: Case) -> Seen | None:
        """What the last run kept, or None; then a note says why if a correction waits for it."""
        old = self._place / FILE
        try:
            kept = unpack_value(old, self._key, Seen)
            seen = fill_images(kept, case)
        except DiptychError as error:
            if self._run.options.corrected:
                self._run.notes.append(f"the images were read anew: {error.message}")
            return None
        _link(old, self._out / FILE)
        self.recalled = True
        return seen

    def keep(self, seen: Seen, case: Case) -> None:
        """Keeps it in the folder in the making, unless it is too large."""
        voxels = seen.images.body.size
        if voxels > MOST_VOXELS:
            self._refuse(f"{voxels / 1e6:.0f} million voxels, more than {MOST_VOXELS / 1e6:.0f}")
            return
        content = pack_value(leave_images(seen, case), self._key)
        if len(content) > MOST_BYTES:
            self._refuse(f"{len(content) >> 20} MiB packed, more than {MOST_BYTES >> 20}")
            return
        write_atomically(self._out / FILE, content)

    def _refuse(self, why: str) -> None:
        self._run.notes.append(
            f"what the images show is too large to be kept ({why}): a correction of owners will"
            " take as long as this run"
        )

    def measures_before(self) -> dict[str, Measured] | None:
        """The measures of the last anatomy where a correction is to be seen at once."""
        if not (self.recalled and self._run.options.corrected):
            return None
        try:
            tree = read_json(self._place / "anatomy.json")
            assert isinstance(tree, dict)
            return decode(dict[str, Measured], tree["measures"], {})
        except (DiptychError, KeyError):
            return None


def map_case(
    run: Run,
    places: tuple[Path, Path],
    case: Case,
    told: tuple[Corrections, Volume | None],
    given: tuple[Mapping[str, SourcedTable], AnatomyPolicy],
) -> Anatomy:
    """The anatomy of the case, by the quickest way that gives the same owners and vessels.

    places : folders of the last anatomy and of the one in the making
    told : corrections of owners, and labels made elsewhere; given : tables and policy
    """
    (corrections, labels), (tables, policy) = told, given
    sight = Sight(run, *places)
    seen = sight.recall(case)
    if seen is None:
        seen = see_case(case, tables=tables, policy=policy, labels=labels)
        sight.keep(seen, case)
    before = sight.measures_before()
    if before is not None:
        run.provisional["anatomy"] = {"intervals": "as wide as before the correction"}
        run.notes.append(OLD_INTERVALS)
    return divide_seen(
        case, seen, tables=tables, policy=policy, corrections=corrections, before=before
    )


def _link(old: Path, new: Path) -> None:
    try:
        os.link(old, new)
    except OSError:
        copyfile(old, new)
