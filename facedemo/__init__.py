"""Train, steer, sample and judge face-generating GANs."""

import os

# Threads of PyTorch that wait for each other spin for milliseconds by default. When another program has the core that
# one of them needs, a training on two threads then runs at a tenth of its speed. 10,000 turns cost nothing on an idle
# machine. It must be set before torch is imported.
os.environ.setdefault("GOMP_SPINCOUNT", "10000")
