"""What the pages are made of, a folder for each page that has several views."""
