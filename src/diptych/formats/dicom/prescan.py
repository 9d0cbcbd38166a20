"""A cheap look at a DICOM file before any library parses it: preamble and transfer syntax."""

import struct

from diptych.model import InputError

IMPLICIT_LITTLE = "1.2.840.10008.1.2"
EXPLICIT_LITTLE = "1.2.840.10008.1.2.1"
EXPLICIT_BIG = "1.2.840.10008.1.2.2"
RLE_LOSSLESS = "1.2.840.10008.1.2.5"
ALLOWED = (IMPLICIT_LITTLE, EXPLICIT_LITTLE, EXPLICIT_BIG, RLE_LOSSLESS)
DEFLATED = "1.2.840.10008.1.2.1.99"
_LONG = (b"OB", b"OW", b"OF", b"OD", b"OL", b"OV", b"SQ", b"UC", b"UN", b"UR", b"UT")
_PREAMBLES = (b"\0\0\0\0", b"II*\0", b"MM\0*")


def check_bytes(content: bytes, name: str) -> str:
    """The transfer syntax UID of the file; InputError if it is none that we read.

    Deflated files are refused unopened (600 kB of them may hold 600 MB), and so are files
    whose preamble makes them a program or an archive as well.
    """
    if content[128:132] != b"DICM":
        raise InputError(
            f"{name}: is not a DICOM file (no DICM at byte 128)",
            remedy="leave only the DICOM files of the series in the folder",
        )
    if content[:4] not in _PREAMBLES:
        raise InputError(
            f"{name}: its first 128 bytes are neither zero nor TIFF, so it may be another kind"
            " of file in disguise",
            remedy="ask for the series to be exported again",
        )
    syntax = _transfer_syntax(content)
    if syntax not in ALLOWED:
        kind = "deflated" if syntax == DEFLATED else "compressed in a way that is not read here"
        raise InputError(
            f"{name}: its transfer syntax is {syntax or 'missing'} ({kind}),"
            " expected uncompressed or RLE",
            remedy="export the series uncompressed (Explicit VR Little Endian)",
        )
    return syntax


def _transfer_syntax(content: bytes) -> str:
    """(0002,0010), walking the file meta group, which is always explicit little endian."""
    place = 132
    while place + 8 <= min(len(content), 1 << 20):
        group, element, kind, short = struct.unpack_from("<HH2sH", content, place)
        if group != 2:
            break
        long_form = kind in _LONG
        if long_form and place + 12 > len(content):
            break
        length = struct.unpack_from("<I", content, place + 8)[0] if long_form else short
        start = place + (12 if long_form else 8)
        if element == 0x0010:
            return content[start : start + length].rstrip(b"\0 ").decode("ascii", "replace")[:64]
        place = start + length
    return ""
