"""The validated settings of a run and how they change while it trains; imports no torch."""
