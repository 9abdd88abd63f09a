"""Live settings that make a small training fail, and those of its beginning."""

DIVERGE_SLOWLY = {"learning_rate_g": 0.005, "learning_rate_d": 0.005}
COLLAPSE = {"gamma": 0.1, "alpha": 0.0}
BEGINNING = {"gamma": 0.8, "alpha": 0.3, "learning_rate_g": 1e-3, "learning_rate_d": 1e-3}
