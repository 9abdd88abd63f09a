"""The pages: scripts that Streamlit runs from top to bottom, in the order the eye reads the screen."""
