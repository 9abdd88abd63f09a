"""Trained models: load, draw from, describe, export and import."""
