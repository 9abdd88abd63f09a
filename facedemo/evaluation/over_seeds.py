"""One model evaluated with several seeds: mean and standard deviation of each metric. Imports no torch."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import mean, stdev

from facedemo.evaluation.report import Rate, Report, Row
from facedemo.evaluation.table import MAIN_VARIANCE, NOTHING

Value = Callable[[Row, Report], float | None]


def detected(rate: Rate | None) -> float | None:
    return rate.of - rate.count if rate else None


VALUES: dict[str, tuple[Value, int]] = {  # metric → its value, and the digits after the decimal point
    "detected": (lambda row, report: detected(row.undetected), 1),
    "detected, second detector": (lambda row, report: detected(row.undetected_cnn), 1),
    "distinct people, among equal numbers": (lambda row, report: row.people_matched_n, 1),
    "Fréchet face distance": (lambda row, report: row.distance, 4),
    MAIN_VARIANCE: (lambda row, report: row.main_variance, 3),
    "nearest training face": (lambda row, report: row.nearest, 3),
    "FID": (lambda row, report: row.fid, 2),
    "KID": (lambda row, report: row.kid, 4),
}


@dataclass(frozen=True)
class Spread:
    """A metric over seeds.  sd: sample standard deviation, 0 for a single seed."""

    mean: float
    sd: float
    low: float
    high: float


def spread(values: Sequence[float]) -> Spread:
    """Raises ValueError if there are none."""
    if not values:
        raise ValueError("A spread needs at least one value.")
    return Spread(mean(values), stdev(values) if len(values) > 1 else 0.0, min(values), max(values))


def over_seeds(reports: Sequence[Report]) -> dict[str, Spread]:
    """Metric → its spread over reports of one model; without metrics that one of them lacks."""
    spreads = {}
    for title, (value, _) in VALUES.items():
        values = [number for report in reports if (number := value(report.generated, report)) is not None]
        if len(values) == len(reports):
            spreads[title] = spread(values)
    return spreads


def table(reports: Sequence[Report]) -> tuple[list[str], list[list[str]]]:
    """Mean ± standard deviation, the range, and the real faces' value, as text: a header, and a row per metric."""
    first, rows = reports[0], []
    for title, metric in over_seeds(reports).items():
        value, digits = VALUES[title]
        real = value(first.real, first) if first.real else None
        rows.append(
            [
                title,
                f"{metric.mean:.{digits}f} ± {metric.sd:.{digits}f}",
                f"{one(metric.low, digits)} – {one(metric.high, digits)}",
                NOTHING if real is None else one(real, digits) + of(title, first),
            ]
        )
    return ["", f"{first.model}, of {first.count:,} faces", "range", "real faces"], rows


def one(value: float, digits: int) -> str:
    """The value of one evaluation: a count, unlike a mean of counts, has no decimals."""
    return f"{value:,}" if isinstance(value, int) else f"{value:.{digits}f}"


def of(title: str, report: Report) -> str:
    """The total of a count of real images, which may differ from that of generated ones; "" for other metrics."""
    if report.real is None or not title.startswith("detected"):
        return ""
    return f" of {report.real.undetected.of:,}"
