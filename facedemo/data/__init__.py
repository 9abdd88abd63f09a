"""From files of faces to a memory-mapped array, and which images belong to which split."""
