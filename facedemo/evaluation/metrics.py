"""Diversity, memorisation and distance metrics on face embeddings.

Embeddings are those of `face_recognition`, (n, 128), in which two images of one person are usually less than 0.6 apart.
SciPy is imported inside functions, so that a page that only shows a report does not wait for it.
"""

import numpy as np

TOLERANCE = 0.6  # face_recognition's default: closer faces are the same person
DUPLICATE = 0.3  # closer faces are nearly the same picture: two photographs of one person are rarely this similar
FEWEST = 2 * 128  # embeddings needed for a non-singular covariance in 128 dimensions


def frechet(a: np.ndarray, b: np.ndarray) -> float:
    """Fréchet distance between two sets of embeddings, taken as normal distributions (Heusel et al. 2017).

    |μ_a − μ_b|² + tr(Σ_a + Σ_b − 2 (Σ_a Σ_b)^½), with sample covariances and no shrinkage.  a, b: (n, d). It decreases
    as n grows, so compare only sets of the same size.  Raises ValueError for fewer than 2 d samples.
    """
    from scipy.linalg import sqrtm  # takes long to load, and few reports need it

    for sample in (a, b):
        if len(sample) < 2 * sample.shape[1]:
            raise ValueError(
                f"{len(sample)} faces are too few for a Fréchet distance: {2 * sample.shape[1]} are needed."
            )
    means = a.mean(0) - b.mean(0)
    first, second = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    root = np.real(sqrtm(first @ second))
    return float(means @ means + np.trace(first + second - 2 * root))


def main_variance(faces: np.ndarray, real: np.ndarray) -> float:
    """The variance of `faces` along the direction in which real ones vary most, relative to that of the real ones.

    For photographs of celebrities, this direction leads from women to men: a model that hardly generates men has a
    value well below 1.  faces: (n, d).  real: (m, d).  Raises ValueError for fewer than two of either.
    """
    if len(faces) < 2 or len(real) < 2:
        raise ValueError("A variance needs at least two faces.")
    direction = np.linalg.svd(real - real.mean(0), full_matrices=False)[2][0]
    return float(np.var(faces @ direction) / np.var(real @ direction))


def people(embeddings: np.ndarray, tolerance: float = TOLERANCE) -> np.ndarray:
    """The person on each of n faces: (n,) int, people numbered from 0 in order of appearance.

    A face further than `tolerance` from the first face of every earlier person is a new person; any other face belongs
    to the first person that it is close to.
    """
    firsts: list[int] = []
    identity = np.zeros(len(embeddings), int)
    for row, embedding in enumerate(embeddings):
        near = np.flatnonzero(np.linalg.norm(embeddings[firsts] - embedding, axis=1) <= tolerance)
        identity[row] = near[0] if len(near) else len(firsts)
        if not len(near):
            firsts.append(row)
    return identity


def distinct_people(embeddings: np.ndarray, tolerance: float = TOLERANCE) -> int:
    """The number of distinct people: faces further than `tolerance` from all people counted before."""
    return len(np.unique(people(embeddings, tolerance)))


def nearest(faces: np.ndarray, others: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each of n faces, the distance to the nearest of `others`, (n,), and its row, (n,)."""
    from scipy.spatial.distance import cdist  # as above

    distances = cdist(faces, others)
    rows = distances.argmin(1)
    return distances[np.arange(len(faces)), rows], rows


def closest(face: np.ndarray, others: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The `count` nearest of (m, d) `others` to one face (d,): their distances, ascending, and their rows.

    NaN rows, of images without a face, are skipped, so there may be fewer results.
    """
    distances = np.linalg.norm(others - face, axis=1)
    rows = np.argsort(distances, kind="stable")[: min(count, int(np.isfinite(distances).sum()))]
    return distances[rows], rows


def duplicates(embeddings: np.ndarray, closer: float = DUPLICATE) -> float:
    """The share of faces with another face closer than `closer`."""
    from scipy.spatial.distance import cdist  # as above

    if len(embeddings) < 2:
        return 0.0
    distances = cdist(embeddings, embeddings)
    np.fill_diagonal(distances, np.inf)
    return float((distances.min(1) < closer).mean())
