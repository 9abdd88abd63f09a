"""Run directories: reading them, and asking things of the process that trains."""
