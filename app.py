"""The app: `streamlit run app.py`."""

from streamlit.starlette import App

from facedemo.app.starting import import_ahead

if __name__ == "__main__":  # Streamlit runs this file for every change of a page …
    from facedemo.app.main import main

    main()
else:  # … and imports it once, when its server starts
    app = App(__file__, lifespan=import_ahead)
