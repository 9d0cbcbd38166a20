"""A head made from a label map: each label painted with the CT value of its tissue."""

from collections.abc import Mapping

import numpy as np

from diptych.demonstration.head import FLUID, GREY, WHITE
from diptych.model import Volume
from diptych.model.checks import require

TISSUE_VALUES = {
    "air": -1000.0,
    "scalp": 40.0,
    "skull": 900.0,
    "fluid": FLUID,
    "grey": GREY,
    "white": WHITE,
}
"""CT values, HU, of the words that a label may mean."""


def paint_labels(labels: Volume, meanings: Mapping[int, str]) -> Volume:
    """The label map as a CT on its own grid, int16 HU, to be given to `make_pair` as a head.

    meanings : for each label one of "air", "scalp", "skull", "fluid", "grey", "white"
    Raises InputError for a label without a meaning, or a word that is not one of these.
    """
    present = np.unique(labels.voxels).tolist()
    missing = [label for label in present if label not in meanings]
    require(
        not missing,
        f"labels {', '.join(map(str, missing))} of {labels.source!r} have no meaning given",
        remedy="say for each label which tissue it is",
    )
    strange = sorted({word for word in meanings.values() if word not in TISSUE_VALUES})
    require(
        not strange,
        f"label meanings {', '.join(strange)}, expected some of {', '.join(TISSUE_VALUES)}",
        remedy="use one of these words for each label",
    )
    values = np.full(labels.shape, TISSUE_VALUES["air"], dtype=np.int16)
    for label in present:
        values[labels.voxels == label] = round(TISSUE_VALUES[meanings[label]])
    return labels.on_this_grid(values, modality="CT", source=labels.source)
