"""The Runs page: the table of runs, the details of one run, and the models on this computer."""
