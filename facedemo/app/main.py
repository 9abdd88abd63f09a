"""The app: `streamlit run app.py`."""

import streamlit as st

st.set_page_config(page_title="facedemo", page_icon="🙂", layout="wide")

pages = [
    st.Page("facedemo/pages/home.py", title="Home", icon=":material/home:", default=True),
    st.Page("facedemo/pages/generate.py", title="Generate", icon=":material/grid_view:"),
    st.Page("facedemo/pages/interpolate.py", title="Interpolate", icon=":material/animation:"),
    st.Page("facedemo/pages/inside.py", title="Inside", icon=":material/visibility:"),
    st.Page("facedemo/pages/step.py", title="One step", icon=":material/slow_motion_video:"),
    st.Page("facedemo/pages/verify.py", title="Verify", icon=":material/fact_check:"),
    st.Page("facedemo/pages/compare.py", title="Compare", icon=":material/compare:"),
    st.Page("facedemo/pages/train.py", title="Train", icon=":material/model_training:"),
    st.Page("facedemo/pages/runs.py", title="Runs", icon=":material/folder_open:"),
]
st.navigation(pages, position="top").run()
