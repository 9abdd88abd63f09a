"""Table 1 and further metrics as text, for terminal, pages, model cards and reports."""

from collections.abc import Mapping

from facedemo.evaluation.report import UNDETECTED, UNRECOGNISED, Rate, Report, Row, percent

NOTHING = "–"
MAIN_VARIANCE = "variance along the main direction"


def rate_text(rate: Rate | None) -> str:
    """ "17 of 1,000: 1.7 % (1.1–2.7 %)", the interval one of 95 %."""
    if rate is None:
        return NOTHING
    return f"{rate.count:,} of {rate.of:,}: {percent(rate.share)} ({100 * rate.low:.1f}–{100 * rate.high:.1f} %)"


def counted(count: int, of: int) -> str:
    """ "120 of 856 (14.0 %)": models may be evaluated on different numbers of images."""
    return f"{count:,} of {of:,} ({percent(count / of)})" if of else NOTHING


def number_text(value: float | None) -> str:
    return f"{value:.3f}" if value is not None else NOTHING


def distance(row: Row, report: Report) -> str:
    return f"{number_text(row.distance)} ({report.frechet_n:,} each)" if row.distance is not None else NOTHING


MEASURES = {  # metric → its cell, and its meaning
    UNDETECTED: (
        lambda row, report: rate_text(row.undetected),
        "Number of images in which face_recognition detects no face, with the 95 % interval; the first column of the "
        "paper's Table 1.",
    ),
    "detected": (
        lambda row, report: percent(1 - row.undetected.share),
        "Share of images with a detected face; smooth faces score high easily.",
    ),
    f"{UNDETECTED}, second detector": (
        lambda row, report: rate_text(row.undetected_cnn),
        "Number of images in which a neural network detects no face; it misses fewer faces than the default detector.",
    ),
    UNRECOGNISED: (
        lambda row, report: rate_text(row.unrecognised),
        "Number of images whose detected face matches nobody in the gallery; the second column of the paper's Table 1.",
    ),
    "distinct people": (
        lambda row, report: counted(row.people, row.undetected.of) if row.faces else NOTHING,
        "Number of different people: faces further than 0.6 from everyone counted before. Higher means more varied.",
    ),
    "… among equal numbers": (
        lambda row, report: counted(row.people_matched_n, report.matched_n) if row.faces else NOTHING,
        "Number of different people among equal numbers of generated and real images, so that the two can be compared.",
    ),
    "Fréchet face distance": (
        distance,
        "Fréchet distance between the embeddings of the faces and of real faces. Lower is better; it "
        "decreases with the number of faces, so compare only equal numbers. The real-face column is the distance "
        "between two real sets.",
    ),
    MAIN_VARIANCE: (
        lambda row, report: number_text(row.main_variance),
        "Variance along the direction in which real faces vary most, relative to that of the real faces: for "
        "photographs of celebrities, from women to men. Well below 1 means that one end is missing.",
    ),
    "nearest training face": (
        lambda row, report: number_text(row.nearest),
        "Median distance from a face to the most similar training face; below 0.6 is the same person. A value much "
        "lower than that of real faces would mean memorisation.",
    ),
    "near-duplicates": (
        lambda row, report: percent(row.duplicates) if row.faces else NOTHING,
        "Share of faces with another face closer than 0.3. Lower means more varied.",
    ),
    "FID": (
        lambda row, report: number_text(row.fid),
        "Fréchet Inception distance to the same real images. Lower is better; compare only equal numbers of images.",
    ),
    "KID": (
        lambda row, report: number_text(row.kid),
        "Kernel Inception distance to the same real images. Lower is better.",
    ),
}


def table(reports: Mapping[str, Report | None]) -> tuple[list[str], list[list[str]]]:
    """Table 1 and further metrics as text: a header of names, and rows that start with the name of a metric.

    Real faces have their own column if a model was compared with some; – means not measured.
    """
    evaluated = {name: report for name, report in reports.items() if report is not None}
    columns = {name: (report.rows[0], report) for name, report in evaluated.items()}
    real: dict[str, tuple[str, Row, Report]] = {}
    for name, report in evaluated.items():
        for row in report.rows[1:]:
            real.setdefault(f"{row.name} {row.undetected} {row.people_matched_n}", (name, row, report))
    for name, row, report in real.values():
        columns[row.name if len(real) == 1 else f"{row.name}, beside {name}"] = (row, report)
    rows = [[title, *(cell(*column) for column in columns.values())] for title, (cell, _) in MEASURES.items()]
    return ["", *columns], [row for row in rows if any(cell != NOTHING for cell in row[1:])]


def markdown(head: list[str], rows: list[list[str]]) -> str:
    """The result of `table` as Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", r"\|") for cell in line) + " |" for line in lines)
