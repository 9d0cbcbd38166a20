"""Finds a real head on this machine for the demonstration pair, and says which."""

import plistlib
import tarfile
import zlib
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

from diptych.demonstration.cranium import MATRIX_NAME, PLIST_NAME, read_cranium
from diptych.formats.nifti import read_series
from diptych.model import InputError, Volume

_DEBIAN_CT = Path("/usr/share/doc/invesalius-examples/examples/Cranium.inv3")
_MEAN_HEAD = Path("data") / "mean_reg2mean.nii.gz"
_AIR_BELOW = -500.0
"""Only Hounsfield units go below this; a T1 image has no such values."""
_DAMAGE = (
    tarfile.TarError,
    EOFError,
    OSError,
    zlib.error,
    plistlib.InvalidFileException,
)


def find_head(asked: Path | None) -> Volume:
    """The head's volume; its `source` is the phrase that names it.

    Order: the file asked for; Debian's invesalius-examples (real CT); the mean T1 head
    that the package pydeface brings. Raises InputError if none is there.
    """
    if asked is not None:
        return _read(asked, f"the head in {asked.name}")
    if _DEBIAN_CT.is_file():
        return _read(_DEBIAN_CT, "the head CT of Debian's package invesalius-examples")
    spec = find_spec("pydeface")
    mean = Path(spec.origin).parent / _MEAN_HEAD if spec and spec.origin else None
    if mean is None or not mean.is_file():
        raise InputError(
            "no head was found to make a demonstration from",
            remedy="install the extra 'demo' (make demo does it), or give --head FILE",
        )
    return _read(mean, "the mean T1 head that the package pydeface brings")


def _read(path: Path, phrase: str) -> Volume:
    if not path.is_file():
        raise InputError(
            f"head {path.name!r} does not exist",
            remedy="give --head the path of a NIfTI file or of Cranium.inv3",
        )
    volume = _read_inv3(path) if path.suffix == ".inv3" else read_series(path).volume
    modality = "CT" if float(volume.voxels.min()) < _AIR_BELOW else "MR"
    return replace(volume, source=phrase, modality=modality)


def _read_inv3(path: Path) -> Volume:
    """The CT in an InVesalius project; which side is left, the project does not say."""
    try:
        with tarfile.open(path) as archive:
            streams = {entry.name: archive.extractfile(entry) for entry in archive}
            parts = {
                name: stream.read()
                for name, stream in streams.items()
                if stream and name.endswith((MATRIX_NAME, PLIST_NAME))
            }
        return read_cranium(parts)
    except _DAMAGE as error:
        raise InputError(
            f"{path.name} cannot be read as an InVesalius project: {error}",
            remedy="install invesalius-examples again, or give --head a NIfTI file",
        ) from error
