"""Several runs on the Runs page: the settings in which they differ, and their samples side by side."""

from collections.abc import Sequence

import streamlit as st

from facedemo.app.shared.markdown import escaped
from facedemo.runs.differences import differences
from facedemo.runs.directory import RunError
from facedemo.runs.run import Run
from facedemo.runs.summary import Facts

SIDE_BY_SIDE = 4  # runs
POSITIONS = 100  # of the slider, at most
AT = "runs_samples_at"  # in the session: real images seen
NEWEST = "runs_samples_newest"  # the right end of the slider, which is followed while it is chosen


def settings_that_differ(chosen: Sequence[Facts], names: Sequence[str]) -> None:
    """A table with a column for each run.  names: theirs, all different."""
    st.header("Settings that differ", anchor=False)
    try:
        difference = differences([facts.run for facts in chosen])
    except RunError as error:
        st.warning(escaped(error), icon=":material/broken_image:")
        return
    if difference.rows:
        cells = {"Setting": [row.title for row in difference.rows]}
        cells |= {
            escaped(name): [escaped(row.values[index]) for row in difference.rows] for index, name in enumerate(names)
        }
        st.table(cells, hide_index=True)
    st.caption(difference.summary())


def samples(chosen: Sequence[Facts], names: Sequence[str]) -> None:
    """The sample grids of runs at the same number of images seen, or as near to it as there are any."""
    st.header("Samples", anchor=False)
    first_runs = chosen[:SIDE_BY_SIDE]
    if len(chosen) > SIDE_BY_SIDE:
        st.caption(f"Only the first {SIDE_BY_SIDE} of the {len(chosen)} selected runs are shown.")
    at = [samples_by_images(facts.run) for facts in first_runs]
    if not any(at):
        st.caption("None of these runs has samples yet.")
        return
    images = chosen_images(sorted({count for steps_at in at for count in steps_at}))
    with st.grid(len(first_runs), min_column_width=240):
        for facts, name, steps_at in zip(first_runs, names, at, strict=False):
            with st.container(gap="xsmall"):
                one_grid(facts.run, name, steps_at, images)


def one_grid(run: Run, name: str, steps_at: dict[int, int], images: int) -> None:
    st.markdown(f"**{escaped(name)}**")
    if not steps_at:
        st.caption("This run has no samples yet.")
        return
    nearest = min(steps_at, key=lambda count: abs(count - images))
    step = steps_at[nearest]
    try:
        picture = run.samples()[step].read_bytes()
        st.image(picture, width="stretch", alt=f"Faces of {name} at iteration {step}")
    except Exception as error:  # Pillow raises many kinds of errors for damaged files
        st.warning(escaped(f"The samples of iteration {step:,} cannot be shown ({error})."))
    st.caption(f"{nearest:,} images seen, iteration {step:,}")


def samples_by_images(run: Run) -> dict[int, int]:
    """Real images seen → iteration of the sample grid; {} if there is none, or the config is damaged."""
    try:
        each = run.config.model.images_per_step
    except RunError:
        return {}
    return {step * each: step for step in run.samples()}


def chosen_images(counts: list[int]) -> int:
    """The chosen number of images seen; at the right end, the slider follows the newest samples."""
    if len(counts) > POSITIONS:
        counts = [counts[index * (len(counts) - 1) // (POSITIONS - 1)] for index in range(POSITIONS)]
    chosen = st.session_state.get(AT, counts[-1])
    if chosen == st.session_state.get(NEWEST, chosen):
        chosen = counts[-1]
    st.session_state[NEWEST] = counts[-1]
    nearest = min(counts, key=lambda count: abs(count - chosen))
    if st.session_state.get(AT) != nearest:
        st.session_state[AT] = nearest
    if len(counts) == 1:
        return nearest
    return st.select_slider(
        "Images seen",
        counts,
        key=AT,
        format_func="{:,}".format,
        help="Real images seen in training. Each run shows its samples nearest to that number; at the right end, its "
        "newest ones.",
    )
