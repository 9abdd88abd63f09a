"""Speed and memory against named alternatives; `facedemo bench`."""
