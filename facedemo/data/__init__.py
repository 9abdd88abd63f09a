"""Data sets: from image files to a memory-mapped array, and the split into training, validation and test images."""
