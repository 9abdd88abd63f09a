"""Charts on a page: readable on both themes, and in words for screen readers."""

from typing import Any

import plotly.graph_objects as go
import streamlit as st

from facedemo.app.charts.description import described, title_of
from facedemo.app.charts.training import untitled
from facedemo.app.shared.markdown import escaped

DARK_GREY = "#59625f"  # 6:1 on the light page
NO_BUTTONS = {"displayModeBar": False}
TWO_BUTTONS = {"displaylogo": False, "modeBarButtons": [["toImage", "resetScale2d"]]}  # as many as fit a phone
ALL_BUTTONS = {"displaylogo": False}


def plot(figure: go.Figure, about: str, buttons: dict[str, Any], key: str | None = None, **options: Any) -> Any:
    """Shows a chart as `st.plotly_chart` does.

    about: what it shows, such as "Chart of the losses"; screen readers say this and the chart's values.  buttons: those
    of plotly's `config`.
    """
    alt = f"{about}. {described(figure)}"
    return st.plotly_chart(readable(figure), config=buttons, key=key, alt=alt, **options)


def titled_plot(
    figure: go.Figure,
    explanation: str | None,
    key: str,
    buttons: dict[str, Any] = TWO_BUTTONS,
    of: str = "",
    height: int | None = None,
    **options: Any,
) -> Any:
    """Shows a chart with its title above it, where a ⓘ holds the explanation.

    of: what is measured, for screen readers, if there are several charts of this title.  height: in pixels.  options:
    as for `plot`.
    """
    title = title_of(figure)
    with st.container(gap="xsmall"):
        st.markdown(f"**{escaped(title)}**", help=explanation)
        figure = untitled(figure)
        if height is not None:
            figure.update_layout(height=height)
        return plot(figure, f"Chart of {title}{of and f' of {of}'}", buttons, key=key, **options)


def readable(figure: go.Figure) -> go.Figure:
    """Darkens axes and annotations on a light page to a contrast of 4.5:1, as WCAG 2 AA asks for.

    Streamlit's grey has 3.6:1 there, and 15:1 on a dark page. On the page itself, `main.READABLE` has the last word,
    because the theme may change; a picture that is saved has these colours.
    """
    if st.context.theme.type == "light":
        for update in (figure.update_xaxes, figure.update_yaxes):
            update(tickfont_color=DARK_GREY, title_font_color=DARK_GREY)
        figure.update_annotations(font_color=DARK_GREY)
    return figure
