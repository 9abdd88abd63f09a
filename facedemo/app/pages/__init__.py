"""The pages: scripts that Streamlit runs from top to bottom, written in the order in which the screen is read."""
