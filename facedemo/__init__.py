"""Train, steer, sample and judge face-generating GANs."""
