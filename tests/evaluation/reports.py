"""Reports of evaluations that never took place."""

from dataclasses import replace
from typing import Any

from facedemo.evaluation.report import Report, Row, rate


def row(undetected: int = 17, of: int = 1000, **more: Any) -> Row:
    numbers = {"people": 98, "people_matched_n": 98, "distance": 0.052, "nearest": 0.45, "duplicates": 0.0}
    return Row(
        "ours-64", **{"undetected": rate(undetected, of), "undetected_cnn": None, "unrecognised": None} | numbers | more
    )


REAL = replace(
    row(50, 856, people=323, people_matched_n=323, distance=0.016, duplicates=0.015), name="real faces, test"
)


def report(*rows: Row, **more: Any) -> Report:
    facts = {"model": "ours-64", "seed": 1, "count": 1000, "size": 64, "data": "celeba.tar", "split": "test"}
    facts |= {"matched_n": 856, "frechet_n": 806, "versions": {"torch": "2"}, "unseen": True}
    return Report(rows=list(rows), **facts | more)
