"""The script that `facedemo app` runs with Streamlit."""

from facedemo.app.main import main

main()
