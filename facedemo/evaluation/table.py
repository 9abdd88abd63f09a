"""Table 1 and the measures beside it as text, for a terminal, a page, a model card and a report."""

from collections.abc import Mapping

from facedemo.evaluation.report import UNDETECTED, UNKNOWN, Rate, Report, Row

NOTHING = "–"


def in_words(found: Rate | None) -> str:
    """ "17 of 1,000 (1.1–2.7%)", the interval one of 95 %."""
    return str(found) if found else NOTHING


def number(value: float | None) -> str:
    return f"{value:.3f}" if value is not None else NOTHING


def distance(row: Row, report: Report) -> str:
    return f"{number(row.distance)} ({report.compared:,} each)" if row.distance is not None else NOTHING


MEASURES = {  # what is measured → a cell of it, and what it means
    UNDETECTED: (
        lambda row, report: in_words(row.undetected),
        "Images in which face_recognition finds no face, with the 95 % interval; the first column of the paper's "
        "Table 1.",
    ),
    "detected": (
        lambda row, report: f"{1 - row.undetected.share:.1%}",
        "The rest of them. Smooth faces win it easily.",
    ),
    f"{UNDETECTED}, second detector": (
        lambda row, report: in_words(row.undetected_cnn),
        "The same by a neural network, which misses fewer.",
    ),
    UNKNOWN: (
        lambda row, report: in_words(row.unknown),
        "A face, but of nobody among the people given; the second column of the paper's Table 1.",
    ),
    "distinct people": (
        lambda row, report: f"{row.people:,} of {row.undetected.of:,}",
        "Faces further than 0.6 from everyone counted before. Higher is more varied.",
    ),
    "… in as many images": (
        lambda row, report: f"{row.people_first:,} of {report.people_first:,}",
        "The same among equally many images of the model and of real faces, so that the two can be compared.",
    ),
    "Fréchet face distance": (
        distance,
        "Between the faces' embeddings and those of real faces held out. Lower is better; it shrinks with the number "
        "of faces, so only equal numbers compare. Beside real faces: what two sets of them are apart.",
    ),
    "nearest training face": (
        lambda row, report: number(row.nearest),
        "Median distance of a face to the most similar one that it was trained on; below 0.6 is the same person. Much "
        "lower than that of real faces would mean that faces are copied.",
    ),
    "near-duplicates": (
        lambda row, report: f"{row.duplicates:.1%}",
        "Faces with another one nearer than 0.3 among them. Lower is more varied.",
    ),
    "FID": (
        lambda row, report: number(row.fid),
        "Fréchet Inception distance to the same real images. Lower is better; only equal numbers of images compare.",
    ),
    "KID": (lambda row, report: number(row.kid), "Kernel Inception distance to them. Lower is better."),
}


def table(reports: Mapping[str, Report | None]) -> tuple[list[str], list[list[str]]]:
    """Table 1 and the measures beside it, as text: the names on top, and rows that begin with what they tell.

    Real faces have a column of their own where a model was compared with some; – is what was not measured.
    """
    judged = {name: report for name, report in reports.items() if report is not None}
    columns = {name: (report.rows[0], report) for name, report in judged.items()}
    real: dict[str, tuple[str, Row, Report]] = {}
    for name, report in judged.items():
        for row in report.rows[1:]:
            real.setdefault(f"{row.name} {row.undetected} {row.people_first}", (name, row, report))
    for name, row, report in real.values():
        columns[row.name if len(real) == 1 else f"{row.name}, beside {name}"] = (row, report)
    rows = [[title, *(cell(*column) for column in columns.values())] for title, (cell, _) in MEASURES.items()]
    return ["", *columns], [row for row in rows if any(cell != NOTHING for cell in row[1:])]


def markdown(head: list[str], rows: list[list[str]]) -> str:
    """What `table` returns as Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", r"\|") for cell in line) + " |" for line in lines)
