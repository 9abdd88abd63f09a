"""The app: `streamlit run app.py`."""

from facedemo.app.main import main

main()
