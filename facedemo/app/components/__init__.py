"""Elements that Streamlit lacks, with their JavaScript and CSS."""
