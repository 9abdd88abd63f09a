"""The locations of files, and writing them so that no reader ever sees a partial file."""
