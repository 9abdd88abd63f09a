"""An evaluation in numbers: Table 1 as in the paper, the measures beside it, and what they mean."""

import json
import re

import streamlit as st

from facedemo.app.shared.markdown import escaped
from facedemo.evaluation.narrative import reading
from facedemo.evaluation.report import PAPER, PAPER_COUNT, UNDETECTED, UNKNOWN, Report
from facedemo.evaluation.table import NOTHING, in_words, number

MEASURES = {
    "detected": (
        "Faces found",
        "The share of images in which face_recognition finds a face with its default settings: a detector that looks "
        "for edges as they are in faces seen from the front.",
    ),
    "people": (
        "Different people",
        "Each face becomes 128 numbers, its embedding. Faces less than 0.6 apart count as one person, as "
        "face_recognition has it by default.",
    ),
    "distance": (
        "Fréchet distance",
        "How far the crowd of the model's faces is from a crowd of real faces, by the means and the spread of their "
        "embeddings; 0 is no difference. It is what FID is, with numbers that tell people apart. Needs real faces, "
        "and 256 faces found on each side.",
    ),
    "duplicates": (
        "Near-duplicates",
        "The share of faces that have another one nearer than 0.3 among them: nearly the same picture. Two photographs "
        "of one person are seldom so alike.",
    ),
    "nearest": (
        "To training faces",
        "The median distance from a face to the training face that is most like it. Much less than what real faces "
        "have would mean that the model copies.",
    ),
}


def verdict(report: Report, file_name: str) -> None:
    """The table, the measures, their meaning, and the report to take away."""
    st.subheader("Table 1", anchor=False)
    st.markdown(table(report))
    st.caption(
        "In brackets, 95% intervals (Wilson): where the share would most likely lie for other faces. The paper's rows "
        "are what it reports of its own trainings and gallery; they are not measured here."
    )
    measures(report)
    st.markdown("\n".join(f"- {escaped(words)}" for words in reading(report)), width=800)
    st.download_button(
        "Report (JSON)",
        lambda: json.dumps(report.as_json(), indent=1),
        re.sub(r"[^\w.-]+", "-", f"{file_name}-report.json"),
        "application/json",
        on_click="ignore",
        icon=":material/download:",
        help="All numbers, with model, seed, versions and thresholds. It holds nothing of any image.",
    )


def table(report: Report) -> str:
    """Markdown.  The second detector has a column of its own where it was asked."""
    second = report.drawn.undetected_cnn is not None
    columns = ["", UNDETECTED, *([f"{UNDETECTED}, second detector"] if second else []), UNKNOWN]
    rows = [columns, ["---"] * len(columns)]
    for row in report.rows:
        between = [in_words(row.undetected_cnn)] if second else []
        rows.append([f"**{escaped(row.name)}**", in_words(row.undetected), *between, in_words(row.unknown)])
    for name, (undetected, unknown) in PAPER.items():
        between = [NOTHING] if second else []
        counts = [f"{count} of {PAPER_COUNT:,}" for count in (undetected, unknown)]
        rows.append([f"*{name}, in the paper*", counts[0], *between, counts[1]])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def measures(report: Report) -> None:
    drawn, real = report.drawn, report.real
    values = {
        "detected": (f"{1 - drawn.undetected.share:.1%}", real and f"{1 - real.undetected.share:.1%}"),
        "people": (f"{drawn.people_first:,}", real and f"{real.people_first:,} of {report.people_first:,}"),
        "distance": (number(drawn.distance), real and number(real.distance)),
        "duplicates": (f"{drawn.duplicates:.1%}", real and f"{real.duplicates:.1%}"),
    }
    if drawn.nearest is not None:
        values["nearest"] = (number(drawn.nearest), real and number(real.nearest))
    with st.grid(len(values), min_column_width=150):
        for name, (value, beside) in values.items():
            title, about = MEASURES[name]
            delta = f"real: {beside}" if beside else None
            if value == NOTHING:
                delta = "too few faces" if real else "needs real faces"
            st.metric(title, value, delta, delta_color="off", delta_arrow="off", help=about, border=True)
