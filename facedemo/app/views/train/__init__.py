"""The Train page: the form for a new run, a live view of a run, and its controls."""
