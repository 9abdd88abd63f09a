"""The Interpolate page: films, four faces at the corners of a square, and sliders."""
