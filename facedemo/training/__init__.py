"""The training loop and the process that runs it."""
