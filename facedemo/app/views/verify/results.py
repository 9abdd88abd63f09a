"""The results of an evaluation: Table 1 as in the paper, further metrics, and their meaning."""

import json
from collections.abc import Sequence

import streamlit as st

from facedemo.app.shared.format import plain_file_name, unbroken
from facedemo.app.shared.markdown import escaped
from facedemo.config.schema import amount
from facedemo.evaluation import table as all_metrics
from facedemo.evaluation.narrative import describe
from facedemo.evaluation.report import PAPER, PAPER_COUNT, UNDETECTED, UNRECOGNISED, Report, percent
from facedemo.evaluation.table import NOTHING, number_text, rate_text

MEASURES = {
    "detected": (
        "Faces detected",
        "Share of images in which face_recognition detects a face with its default settings, which use a HOG detector "
        "for frontal faces.",
    ),
    "people": (
        "Distinct people",
        "Number of different people. Each face is mapped to an embedding of 128 numbers; faces less than 0.6 apart "
        "count as the same person, which is face_recognition's default.",
    ),
    "distance": (
        "Fréchet distance",
        "Distance between the distributions of the model's faces and of real faces; 0 means identical. Like FID, but "
        "computed on face-recognition embeddings. Needs real faces, and 256 detected faces on each side.",
    ),
    "duplicates": (
        "Near-duplicates",
        "Share of faces with another face closer than 0.3, which is nearly the same picture. Two photographs of one "
        "person are rarely this similar.",
    ),
    "nearest": (
        "Nearest training face",
        "Median distance from a face to the most similar training face. A value much lower than that of real faces "
        "would mean that the model memorises training images.",
    ),
}


def verdict(report: Report, file_name: str) -> None:
    """The table, the metrics, their meaning, and a download of the report."""
    st.header("Table 1", anchor=False)
    st.markdown(unbroken(table(report)))
    st.caption(
        "Brackets show 95 % confidence intervals (Wilson). The paper's rows are its own reported results, with its own "
        "trained models and gallery; they are not measured here."
    )
    measures(report)
    st.markdown(unbroken("\n".join(f"- {escaped(sentence)}" for sentence in describe(report))), width=800)
    st.download_button(
        "Report (JSON)",
        lambda: json.dumps(report.as_json(), indent=1),
        plain_file_name(f"{file_name}-report.json"),
        "application/json",
        on_click="ignore",
        icon=":material/download:",
        help="All numbers, with model, seed, versions and thresholds. The file contains no image data.",
    )


def beside_stored(report: Report, stored: Sequence[Report]) -> None:
    """All metrics beside those of the evaluations that are stored with the model, folded."""
    if not stored:
        return
    columns = {f"Here: {amount(report.count, 'faces')}, seed {report.seed}": report}
    columns |= {f"Stored: {amount(other.count, 'faces')}, seed {other.seed}": other for other in stored}
    hint = "The model's stored evaluations, with other faces or other real images. Ranges in brackets: 95 % intervals."
    with st.expander("Beside the stored evaluation" + "s"[: len(stored) > 1], icon=":material/table_rows:"):
        st.markdown(unbroken(all_metrics.markdown(*all_metrics.table(columns))), help=hint)


def table(report: Report) -> str:
    """The table as Markdown, with a column for the second detector if it was used."""
    second = report.generated.undetected_cnn is not None
    columns = ["", UNDETECTED, *([f"{UNDETECTED}, second detector"] if second else []), UNRECOGNISED]
    rows = [columns, ["---"] * len(columns)]
    for row in report.rows:
        between = [rate_text(row.undetected_cnn)] if second else []
        rows.append([f"**{escaped(row.name)}**", rate_text(row.undetected), *between, rate_text(row.unrecognised)])
    for name, (undetected, unrecognised) in PAPER.items():
        between = [NOTHING] if second else []
        counts = [f"{count} of {PAPER_COUNT:,}: {percent(count / PAPER_COUNT)}" for count in (undetected, unrecognised)]
        rows.append([f"*{name}, in the paper*", counts[0], *between, counts[1]])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def measures(report: Report) -> None:
    generated, real = report.generated, report.real
    values = {
        "detected": (percent(1 - generated.undetected.share), real and percent(1 - real.undetected.share)),
        "people": (
            f"{generated.people_matched_n:,}" if generated.faces else NOTHING,
            real and f"{real.people_matched_n:,} of {report.matched_n:,}",
        ),
        "distance": (number_text(generated.distance), real and number_text(real.distance)),
        "duplicates": (
            percent(generated.duplicates) if generated.faces else NOTHING,
            real and percent(real.duplicates),
        ),
    }
    if generated.nearest is not None:
        values["nearest"] = (number_text(generated.nearest), real and number_text(real.nearest))
    with st.grid(len(values), min_column_width=150):
        for name, (value, beside) in values.items():
            title, hint = MEASURES[name]
            delta = f"real: {beside}" if beside else f"of {report.matched_n:,}" if name == "people" else None
            if value == NOTHING:
                delta = "no faces" if not generated.faces else "too few faces" if real else "needs real faces"
            st.metric(title, value, delta, delta_color="off", delta_arrow="off", help=hint, border=True)
