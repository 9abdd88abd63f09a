"""The GANs themselves: networks, losses and update rules, one folder a family, to be read beside its paper."""
