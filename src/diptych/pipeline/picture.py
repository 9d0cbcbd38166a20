"""One picture of a planned case: the pair, the pair opened, the halves, the vessels."""

from pathlib import Path

from diptych.formats.png import encode_png, letter_image
from diptych.model import Anatomy, Case, SeparationFront
from diptych.pipeline import parts
from diptych.pipeline.folder import write_atomically
from diptych.pipeline.results import load_result
from diptych.report import compose_poster

WIDTH = 2000


def draw_picture(case: Path, out: Path) -> None:
    """Draws the proposed plan of a case into a PNG file, the same bytes each time."""
    brief = load_result(case, parts.INTAKE, "case", Case).brief
    anatomy = load_result(case, parts.ANATOMY, "anatomy", Anatomy)
    front = load_result(case, parts.SEPARATION, "front", SeparationFront)
    poster = compose_poster(anatomy, front.plan, brief.made_from, WIDTH)
    write_atomically(out, encode_png(letter_image(poster.image, poster.words)))
