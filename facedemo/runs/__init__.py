"""Run directories: reading them, and sending commands to the training process."""
