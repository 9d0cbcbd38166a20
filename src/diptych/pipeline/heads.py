"""Finds a real head on this machine for the demonstration pair, and says which."""

import plistlib
import tarfile
from importlib.util import find_spec
from pathlib import Path
from zlib import error as ZlibError

from diptych.model import InputError, Volume

_DEBIAN_CT = Path("/usr/share/doc/invesalius-examples/examples/Cranium.inv3")
_MEAN_HEAD = Path("data") / "mean_reg2mean.nii.gz"


def find_head(asked: Path | None) -> tuple[Volume, str]:
    """The head's volume and a phrase that names it.

    Order: the file asked for; Debian's invesalius-examples (real CT); the mean T1 head
    that the package pydeface brings. Raises InputError if none is there.
    """
    if asked is not None:
        return _read(asked), f"the head in {asked.name}"
    if _DEBIAN_CT.is_file():
        return _read(_DEBIAN_CT), "the head CT of Debian's package invesalius-examples"
    spec = find_spec("pydeface")
    mean = Path(spec.origin).parent / _MEAN_HEAD if spec and spec.origin else None
    if mean is None or not mean.is_file():
        raise InputError(
            "no head was found to make a demonstration from",
            remedy="install the extra 'demo' (make demo does it), or give --head FILE",
        )
    return _read(mean), "the mean T1 head that the package pydeface brings"


def _read(path: Path) -> Volume:
    if not path.is_file():
        raise InputError(
            f"head {path.name!r} does not exist",
            remedy="give --head the path of a NIfTI file or of Cranium.inv3",
        )
    if path.suffix == ".inv3":
        return _read_inv3(path)
    from diptych.formats.nifti import read_series

    return read_series(path, trusted=True).volume


def _read_inv3(path: Path) -> Volume:
    from diptych.demonstration import volume_from_matrix

    try:
        with tarfile.open(path) as archive:
            plist = plistlib.loads(_member(archive, "main.plist"))
            matrix = _member(archive, "matrix.dat")
    except (tarfile.TarError, EOFError, ZlibError, KeyError, plistlib.InvalidFileException) as error:
        raise InputError(
            f"{path.name} cannot be read as an InVesalius project: {error}",
            remedy="install invesalius-examples again, or give --head a NIfTI file",
        ) from error
    return volume_from_matrix(matrix, plist["matrix"], source=path.name)


def _member(archive: tarfile.TarFile, name: str) -> bytes:
    found = next((entry for entry in archive.getmembers() if entry.name.endswith(name)), None)
    stream = archive.extractfile(found) if found else None
    if stream is None:
        raise KeyError(name)
    return stream.read()
