"""A recording in a lesson: what earlier trainings drew, played from the first images seen to the last."""

from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go
import streamlit as st

from facedemo.app.charts.training import COLOURS, style
from facedemo.app.components.scrubber import scrubber
from facedemo.app.shared.plot import NO_BUTTONS, titled_plot
from facedemo.app.shared.session import session
from facedemo.app.views.learn import live
from facedemo.explore import recorded
from facedemo.explore.recorded import Recorded, Recording

PACE = 1.5  # seconds from one picture to the next
HEIGHT = 230  # pixels of a chart
LOSSES = "Means over the last iterations before each moment. What the numbers mean differs between families."
WIDE = 10.0  # a loss from which the axis of a chart is logarithmic


@dataclass
class Playback:
    """Where a visitor is in a recording.

    images: number seen at the moment on view; 0 before the first one.  playing: whether it goes on by itself.  drawn:
    whether this moment has been drawn since it began to play.
    """

    images: int = 0
    playing: bool = False
    drawn: bool = False

    def play(self, start: bool) -> None:
        self.playing, self.drawn = start, False

    def choose(self, images: int) -> None:
        """Pauses at a moment."""
        self.images = images
        self.play(False)


def show_recording(name: str, own: str, explanation: str, differences: bool = False, about_chart: str = LOSSES) -> int:
    """Plays a recording, with the heading of the learner's own trainings below; folded once these have caught up.

    own: key of the learner's own trainings.  explanation: what was trained.  differences: also say how much the faces
    differ.  about_chart: explains the chart's numbers.  Returns the number of images at the end of the recording.
    """
    key, recording = f"learn_recorded_{name}", recorded.read(name)
    playback = session(Playback, name)
    end = recording.images[-1]
    caught_up = live.images_seen(own) >= end
    if not playback.images:
        playback.images = recording.images[0]
        playback.play(not caught_up)
    st.header("Recorded earlier", anchor=False)
    if caught_up:
        st.markdown(f"Your own training below has caught up: it has seen {end:,} images, as many as the recording.")
    else:
        now = "has diverged: start it again" if live.diverged(own) else "needs longer"
        explanation += f" Your own training below {now}. Once it has seen {end:,} images, this folds up."
    playing = playback.playing
    with st.expander("Show the recording") if caught_up else st.container():
        st.markdown(explanation)
        st.fragment(show_moment, run_every=PACE if playing else None)(
            recording, playback, key, differences, about_chart, playing
        )
    st.header("Your own training", anchor=False)
    return end


def show_moment(
    recording: Recording, playback: Playback, key: str, differences: bool, about_chart: str, was_playing: bool
) -> None:
    """The trainings at one moment of the recording; the next one at each refresh while it plays."""
    if playback.playing != was_playing:
        st.rerun()  # only a full rerun starts or stops the periodic refresh
    if playback.playing and playback.drawn:
        playback.images = following(playback.images, recording.images)
        if playback.images == recording.images[-1]:
            playback.play(False)
            st.rerun()
    playback.drawn = True
    controls(playback, key, recording.images)
    moment = recording.images.index(playback.images)
    if len(recording.trainings) == 1:
        ((label, training),) = recording.trainings.items()
        left, right = st.columns(2, gap="large")
        with left:
            show_faces(label, training, recording.images, moment, differences)
        with right:
            show_more(label, training, recording.images, moment, key, about_chart)
        return
    with st.grid(len(recording.trainings), min_column_width=240):
        for label, training in recording.trainings.items():
            with st.container():
                st.markdown(f"**{label}**")
                show_faces(label, training, recording.images, moment, differences)
                show_more(label, training, recording.images, moment, key, about_chart)


def show_faces(label: str, training: Recorded, images: Sequence[int], moment: int, differences: bool) -> None:
    live.show_grid(training.faces[moment], f"{recorded.FACES} faces{by(label)} after {images[moment]:,} images")
    if differences:
        st.caption(
            f"Mean difference from their average: {training.difference(moment):.0f} of 255 grey levels (0: all alike)."
        )


def by(label: str) -> str:
    return f" of {label}" if label else ""


def show_more(label: str, training: Recorded, images: Sequence[int], moment: int, key: str, about_chart: str) -> None:
    """The further pictures, and the numbers up to the moment."""
    for name, pictures in training.rows.items():
        live.show_row(pictures[moment], name)
    if training.numbers:
        figure = chart(training, images, moment)
        titled_plot(figure, about_chart, f"{key}_chart_{label}", NO_BUTTONS, of=label, height=HEIGHT)


def chart(training: Recorded, images: Sequence[int], moment: int) -> go.Figure:
    """The numbers of a training up to a moment, on axes that hold all of them."""
    figure = go.Figure()
    for colour, (name, values) in zip(COLOURS, training.numbers.items(), strict=False):
        figure.add_scatter(x=images, y=values, name=name, line={"color": colour, "width": 2}, mode="lines+markers")
    largest = max(value for values in training.numbers.values() for value in values if value is not None)
    several, name = len(training.numbers) > 1, next(iter(training.numbers))
    title, unit = ("Losses", "L") if several else (name.capitalize(), name)
    style(figure, title, unit, rows=0, legend=several, logarithmic=largest > WIDE)
    figure.update_xaxes(title_text="images", unifiedhovertitle_text="%{x:,} images", range=[0, 1.05 * images[-1]])
    if largest <= WIDE:
        figure.update_yaxes(range=[0, 1.1 * largest])
    figure.for_each_trace(lambda line: line.update(x=line.x[: moment + 1], y=line.y[: moment + 1]))
    figure.update_traces(hovertemplate="%{y:.3f}")
    return figure


def controls(playback: Playback, key: str, images: Sequence[int]) -> None:
    """Play or pause, and the slider."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        playing = playback.playing
        st.button(
            "Pause recording" if playing else "Play recording",
            icon=":material/pause:" if playing else ":material/play_arrow:",
            on_click=playback.play,
            args=(not playing,),
            help="Play the recording, from the start if it has ended.",
            key=f"{key}_play",
        )
        scrubber(
            "Images seen",
            [f"{number:,}" for number in images],
            images.index(playback.images),
            on_choose=lambda moment: playback.choose(images[moment]),
            hint="Training images that each model had seen when it drew these faces, always from the same latents z.",
            key=f"{key}_slider",
        )


def following(number: int, images: Sequence[int]) -> int:
    """The next moment of a recording, or the first one after the last."""
    return images[(images.index(number) + 1) % len(images)]
