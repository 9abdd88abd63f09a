"""Comparing several models under the same conditions: races, sweeps, side-by-side reports."""
