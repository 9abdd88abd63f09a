"""The Interpolate page: films, a grid between four faces, and sliders."""
