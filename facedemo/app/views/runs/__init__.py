"""The Runs page: the table of runs, what is known of one, and the models on this computer."""
