"""The Verify page: what to measure, its results, and the faces behind them."""
