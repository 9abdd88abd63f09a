"""The lessons of the Learn page, one file each."""
