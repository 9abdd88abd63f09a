"""The Streamlit app: pages, their views, shared widgets, browser components, interactive charts."""
