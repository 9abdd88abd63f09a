"""Where files lie and how they are written, so that no reader ever sees half of one."""
