"""What a detection rate hides: how far generated faces are from real ones, how varied they are, whether any is a copy.

All of it on the embeddings of `face_recognition`, (n, 128), in which two images of one person are usually less than
0.6 apart.  SciPy is imported where it is needed: a page that only shows a report does not wait for it.
"""

import numpy as np

TOLERANCE = 0.6  # face_recognition's default: nearer than this is the same person
DUPLICATE = 0.3  # nearer than this is nearly the same picture: two photographs of one person are seldom so near
FEWEST = 2 * 128  # embeddings for a covariance of 128 dimensions that is not singular


def frechet(a: np.ndarray, b: np.ndarray) -> float:
    """Fréchet distance between two sets of embeddings, taken as normal distributions (Heusel et al. 2017).

    |μ_a − μ_b|² + tr(Σ_a + Σ_b − 2 (Σ_a Σ_b)^½), with sample covariances and no shrinkage.
    a, b: (n, d).  It shrinks as n grows: compare only sets of the same size.
    Raises ValueError for fewer than 2 d samples.
    """
    from scipy.linalg import sqrtm

    for sample in (a, b):
        if len(sample) < 2 * sample.shape[1]:
            raise ValueError(
                f"{len(sample)} faces are too few for a Fréchet distance: {2 * sample.shape[1]} are needed."
            )
    means = a.mean(0) - b.mean(0)
    first, second = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    root = np.real(sqrtm(first @ second))
    return float(means @ means + np.trace(first + second - 2 * root))


def people(embeddings: np.ndarray, tolerance: float = TOLERANCE) -> np.ndarray:
    """Who is on each of n faces: (n,) int, people numbered from 0 as they first appear.

    A face further than `tolerance` from the first face of everyone before is a new person's; any other belongs to the
    first of those people that it is near to.
    """
    firsts: list[int] = []
    who = np.zeros(len(embeddings), int)
    for row, embedding in enumerate(embeddings):
        near = np.flatnonzero(np.linalg.norm(embeddings[firsts] - embedding, axis=1) <= tolerance)
        who[row] = near[0] if len(near) else len(firsts)
        if not len(near):
            firsts.append(row)
    return who


def distinct_people(embeddings: np.ndarray, tolerance: float = TOLERANCE) -> int:
    """How many people are among the faces: each that is further than `tolerance` from all counted before it."""
    return len(np.unique(people(embeddings, tolerance)))


def nearest(faces: np.ndarray, others: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each of n faces the distance to the nearest of `others`, (n,), and that one's row, (n,)."""
    from scipy.spatial.distance import cdist

    distances = cdist(faces, others)
    rows = distances.argmin(1)
    return distances[np.arange(len(faces)), rows], rows


def closest(face: np.ndarray, others: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The `count` nearest of (m, d) `others` to one face (d,): their distances, ascending, and their rows.

    Rows that are NaN, of images without a face, are passed over, so that fewer may come.
    """
    distances = np.linalg.norm(others - face, axis=1)
    rows = np.argsort(distances, kind="stable")[: min(count, int(np.isfinite(distances).sum()))]
    return distances[rows], rows


def duplicates(embeddings: np.ndarray, closer: float = DUPLICATE) -> float:
    """The share of faces that have another one nearer than `closer` among them."""
    from scipy.spatial.distance import cdist

    if len(embeddings) < 2:
        return 0.0
    distances = cdist(embeddings, embeddings)
    np.fill_diagonal(distances, np.inf)
    return float((distances.min(1) < closer).mean())
