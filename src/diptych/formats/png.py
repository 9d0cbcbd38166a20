"""PNG pictures: arrays to bytes, the same bytes each time (no date, no text chunk)."""

from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from diptych.model import InputError

Words = tuple[float, float, str, float, str, str]
"""x, y (pixels), text, height of the letters (pixels), colour, and anchor (Pillow's, "mm")."""


def encode_png(image: NDArray[np.uint8]) -> bytes:
    """PNG bytes of an (H, W), (H, W, 3) or (H, W, 4) uint8 array."""
    if image.dtype != np.uint8 or image.ndim not in (2, 3):
        raise InputError(
            f"picture has shape {image.shape} and type {image.dtype}, expected uint8 of"
            " (H, W), (H, W, 3) or (H, W, 4)",
            remedy="scale the picture to 0..255 first",
        )
    with BytesIO() as stream:
        Image.fromarray(np.ascontiguousarray(image)).save(stream, "PNG", compress_level=6)
        return stream.getvalue()


def letter_image(image: NDArray[np.uint8], words: tuple[Words, ...]) -> NDArray[np.uint8]:
    """A copy of an (H, W, 3) picture with words written on it."""
    canvas = Image.fromarray(np.ascontiguousarray(image))
    pen = ImageDraw.Draw(canvas)
    for x, y, text, size, colour, anchor in words:
        font = ImageFont.load_default(size=size)
        pen.text((x, y), text, fill=colour, font=font, anchor=anchor)
    return np.asarray(canvas, dtype=np.uint8)
