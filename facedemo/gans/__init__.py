"""The GANs themselves: networks, losses and update rules, one folder per family, to be read beside its paper."""
