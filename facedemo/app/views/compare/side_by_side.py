"""Models side by side: faces of the same seeds in columns, and the stored evaluations."""

import html
from collections.abc import Collection, Mapping
from pathlib import Path

import streamlit as st

from facedemo.app.shared import model_picker, url_state
from facedemo.app.shared.copy_link import copy_link
from facedemo.app.shared.format import unbroken
from facedemo.app.shared.generated_faces import generated_faces
from facedemo.app.shared.markdown import escaped
from facedemo.config.schema import amount
from facedemo.evaluation.report import Report, load_evaluations
from facedemo.evaluation.table import MEASURES
from facedemo.evaluation.table import table as table_of
from facedemo.imaging import pictures
from facedemo.pretrained import provenance
from facedemo.pretrained.seeds import MAX_SEED, face_seeds
from facedemo.runs.model_report import read_report
from facedemo.runs.run import Run
from facedemo.runs.summary import run_facts

MOST = 6  # models at once
MAX_FACES = 64
COLUMN = 280  # pixels: narrower columns wrap
CELL = (
    "min-width:7.5rem;text-align:left;vertical-align:top;padding:.35rem 1.2rem .35rem 0;"
    "border-bottom:1px solid rgba(128,128,128,.3)"
)
FIRST = ("dcgan", "wgan", "ours", "r3gan")  # families in the order of the paper's Fig. 5, then the modern one


def chosen_models(choices: Collection[str]) -> url_state.QueryParam:
    """Model names joined by slashes."""

    def parse(text: str) -> str:
        names = [name for name in dict.fromkeys(text.split("/")) if name in choices][:MOST]
        if text and not names:
            raise ValueError(text)
        return "/".join(names)

    complaint = f"there is no such model, or there are more than {MOST}"
    return url_state.QueryParam("/".join(first(choices)), parse, complaint, listed=True)


def first(choices: Collection[str]) -> list[str]:
    """The default selection: one bundled model per family, or else the first models."""
    bundles = [name for name in choices if not name.startswith(model_picker.RUN)]
    bundles_of = [[name for name in bundles if name.startswith(family)] for family in FIRST]
    return [model_picker.preferred(names) for names in bundles_of if names] or list(choices)[:3]


def keep_selection() -> None:
    st.session_state.compare_models = "/".join(st.session_state.compare_chosen[:MOST])


def show_side_by_side(settings: dict[str, url_state.QueryParam], ignored: list[str]) -> None:
    choices = model_picker.choices()
    if not choices:
        st.info(
            "There is no model to generate faces with yet. Start a race above, or train a model on the Train page.",
            title="No model yet",
        )
        url_state.write_to_url(settings, page="compare")
        return
    settings |= {
        "models": chosen_models(choices),
        "seed": url_state.whole(0, MAX_SEED, default=0),
        "faces": url_state.whole(1, MAX_FACES, default=16),
    }
    ignored += url_state.load_from_url(settings, page="compare")
    names, seed, count = controls(choices)
    if ignored:
        st.warning(f"Not used: {', '.join(dict.fromkeys(ignored))}.", icon=":material/link_off:")
    url_state.write_to_url(settings, page="compare")
    if not names:
        st.info("Choose models above to see each generate faces from the same seeds.", title="Nothing to compare")
        return
    columns(names, choices, seed, count)
    if len(names) == 1:
        st.caption("Choose a second model above to compare with, or start a race to train some.")
    measures(names, choices)
    copy_link("The link shows the same faces.")


def controls(choices: Mapping[str, Path]) -> tuple[list[str], int, int]:
    """The models, the seed, and the number of faces per model."""
    st.session_state.compare_chosen = [name for name in st.session_state.compare_models.split("/") if name]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.multiselect(
            "Models",
            choices,
            format_func=model_picker.label,
            max_selections=MOST,
            key="compare_chosen",
            on_change=keep_selection,
            width=480,
            help=f"Up to {MOST} models, shown in this order: bundled models, and your runs once they have saved "
            "weights.",
        )
        seed = st.number_input(
            "Seed",
            0,
            MAX_SEED,
            key="compare_seed",
            persist_state="session",
            width=150,
            help="The random seed, the same for every model. Each model maps a seed to its own latent, so the same "
            "position does not show the same person.",
        )
        count = st.number_input(
            "Faces per model",
            1,
            MAX_FACES,
            key="compare_faces",
            persist_state="session",
            width=130,
            help=f"Number of faces to generate per model, from 1 to {MAX_FACES}.",
        )
    return [name for name in st.session_state.compare_chosen if name in choices], seed, count


def columns(names: list[str], choices: Mapping[str, Path], seed: int, count: int) -> None:
    with st.grid(2 if len(names) in (1, 2, 4) else 3, min_column_width=COLUMN) as places:
        for name in names:
            with places.cell():
                st.markdown(f"**{escaped(model_picker.label(name))}**")
                try:
                    faces = generated_faces(choices[name], model_picker.version(choices[name]), face_seeds(seed, count))
                except (ValueError, OSError) as error:
                    st.error(escaped(error), title="Cannot be used")
                    continue
                alt = f"{amount(count, 'faces')} by {model_picker.label(name)} from seed {seed}"
                st.image(pictures.grid(faces), width="stretch", alt=alt)
                st.caption(described(choices[name]))


def described(path: Path) -> str:
    """Family, size and training time, as far as the files say."""
    listed = run_facts(Run(path))
    report, status = read_report(path), listed.status
    images = status.images if report.images is None else report.images
    minutes = status.seconds / 60 if report.minutes is None else report.minutes
    parts = [listed.family or "?", f"{listed.size}×{listed.size}" if listed.size else ""]
    parts += [f"γ = {listed.gamma:g}" if listed.gamma is not None else ""]
    if images:
        before = provenance.images_before(path)
        parts += [f"{before + images:,} images{f', the last {images:,}' if before else ''} in {minutes:,.1f} min"]
    return " · ".join(filter(None, parts))


def measures(names: list[str], choices: Mapping[str, Path]) -> None:
    """Table 1 of the models that have been evaluated."""
    evaluations = {model_picker.label(name): load_evaluations(choices[name]) for name in names}
    missing = [label for label, stored in evaluations.items() if not stored]
    several = len({report.count for stored in evaluations.values() for report in stored}) > 1
    reports = {
        f"{label}, {amount(report.count, 'faces')}" if several else label: report
        for label, stored in evaluations.items()
        for report in stored
    }
    st.header("Face-recognition results", anchor=False)
    table(reports)
    if missing:
        st.caption(
            f"Not evaluated yet: {escaped(', '.join(missing))}. The Verify page evaluates any model, and a race "
            "evaluates its own models at the end; `facedemo verify --keep` stores an evaluation in a bundle."
        )


def table(reports: Mapping[str, Report | None]) -> None:
    """Table 1; nothing if no model has been evaluated."""
    head, rows = table_of(reports)
    if not rows:
        return
    st.html(unbroken(markup(head, rows)))
    with st.expander("What these numbers mean", icon=":material/help:"):
        st.markdown("\n".join(f"- **{row[0]}**: {MEASURES[row[0]][1]}" for row in rows))


def markup(head: list[str], rows: list[list[str]]) -> str:
    """An HTML table that scrolls horizontally on narrow screens."""
    top = "".join(f'<th scope="col" style="{CELL}">{html.escape(cell)}</th>' for cell in head)
    body = ""
    for title, *cells in rows:
        body += f'<tr><th scope="row" style="{CELL}">{html.escape(title)}</th>'
        body += "".join(f'<td style="{CELL}">{html.escape(cell)}</td>' for cell in cells) + "</tr>"
    table = f'<table style="border-collapse:collapse"><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>'
    return f'<div style="overflow-x:auto" tabindex="0" role="region" aria-label="Table 1">{table}</div>'
