"""How many pairs and triples of hazards a proof found covered, read from its certificate."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diptych.model import NOBODY, Certificate


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PairShares:
    """Minutes in which each pair of hazards can strike at once, and in which it is covered.

    possible, covered : (H, H) int64, symmetric; on the diagonal the hazard alone
    """

    possible: NDArray[np.int64]
    covered: NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StretchShares:
    """How many sets of each size can strike in each stretch of the day, and are covered.

    start : (K + 1,) minutes at which the stretches begin, and the end
    possible, covered : (K, 3) int64; single hazards, pairs, triples
    """

    start: NDArray[np.int64]
    possible: NDArray[np.int64]
    covered: NDArray[np.int64]

    def share(self, order: int) -> NDArray[np.float64]:
        """(K,) share covered of the sets of `order` hazards; NaN where none can strike."""
        possible = self.possible[:, order - 1]
        share = np.full(len(possible), np.nan)
        np.divide(self.covered[:, order - 1], possible, out=share, where=possible > 0)
        return share


def count_minutes(proof: Certificate) -> NDArray[np.int64]:
    """(C,) minutes of the day in each class."""
    minutes = np.zeros(len(proof.alive), np.int64)
    np.add.at(minutes, proof.of, np.diff(proof.stretch))
    return minutes


def answer_pairs(proof: Certificate) -> NDArray[np.bool_]:
    """(C, H, H) both hazards can be answered at once; on the diagonal the hazard alone."""
    classes, hazards = proof.alive.shape
    found = np.zeros((classes, hazards, hazards), np.bool_)
    row = 0
    for number in range(classes):
        alive = np.flatnonzero(proof.alive[number])
        one, other = (alive[part] for part in np.triu_indices(len(alive), 1))
        filled = proof.pairs[row : row + len(one), 0] != NOBODY
        found[number, one, other] = found[number, other, one] = filled
        alone = proof.singles[number, proof.first[alive]] != NOBODY
        found[number, alive, alive] = alone
        row += len(one)
    return found


def share_pairs(proof: Certificate) -> PairShares:
    """For each pair of hazards, of the minutes in which both can strike those covered."""
    minutes = count_minutes(proof)
    alive = proof.alive.astype(np.int64)
    return PairShares(
        possible=np.einsum("c,ci,cj->ij", minutes, alive, alive),
        covered=np.einsum("c,cij->ij", minutes, answer_pairs(proof).astype(np.int64)),
    )


def share_stretches(proof: Certificate) -> StretchShares:
    """Singles, pairs and triples covered in each stretch of the day.

    A triple is covered where its three pairs are and it is no gap itself; the triangles of a
    graph are counted from the cube of its matrix (Harary and Manvel 1971). Where the proof is
    of order 2, triples count as 0 of 0.
    """
    alive = proof.alive.sum(axis=1).astype(np.int64)
    possible = np.stack(
        [alive, alive * (alive - 1) // 2, alive * (alive - 1) * (alive - 2) // 6], axis=1
    )
    pairs = answer_pairs(proof)
    alone = pairs.diagonal(axis1=1, axis2=2).sum(axis=1)
    edges = pairs.astype(np.int64)
    hazards = np.arange(edges.shape[1])
    edges[:, hazards, hazards] = 0
    triangles = np.einsum("cij,cji->c", edges @ edges, edges) // 6
    own = proof.gaps[(proof.gaps[:, 3] >= 0) & (proof.gaps[:, 4] < 0), 0]
    triples = triangles - np.bincount(own, minlength=len(alive))
    covered = np.stack([alone, edges.sum(axis=(1, 2)) // 2, triples], axis=1)
    if proof.order < 3:
        possible[:, 2] = covered[:, 2] = 0
    return StretchShares(
        start=proof.stretch, possible=possible[proof.of], covered=covered[proof.of]
    )
