"""The Train page: the form of a new run, a run while it trains, and its controls."""
