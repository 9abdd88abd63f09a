"""The seeds of faces; imports no torch."""

import numpy as np

MAX_SEED = 2**32 - 1


def checked_seed(seed: int) -> int:
    """The seed.  Raises ValueError if it is out of range."""
    if not 0 <= seed <= MAX_SEED:
        raise ValueError(f"A seed is a whole number from 0 to {MAX_SEED}, not {seed}.")
    return seed


def face_seeds(seed: int, count: int) -> list[int]:
    """`count` different seeds, one per face: `seed` itself, then numbers derived from it.

    seed: in [0, 2**32 - 1], as are the returned seeds; each of them reproduces its face on its own. A longer list
    begins with the shorter one.  Raises ValueError for a seed out of range or a negative count.
    """
    checked_seed(seed)
    if count < 0:
        raise ValueError(f"Cannot generate {count} faces.")
    sequence, number = np.random.SeedSequence(seed), count
    while len(seeds := dict.fromkeys([seed, *sequence.generate_state(number).tolist()])) < count:
        number *= 2  # two faces got the same seed
    return list(seeds)[:count]
