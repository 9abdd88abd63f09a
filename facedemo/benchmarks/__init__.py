"""Benchmarks of speed and memory against named alternatives; `facedemo bench`."""
