"""The parts of the pages, with a folder for each page that has several views."""
