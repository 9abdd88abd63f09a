"""What the page of a single step consists of."""
