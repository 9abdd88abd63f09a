"""Conversion of arrays to pictures and back: grids, PNG, GIF, MP4, static curves."""
