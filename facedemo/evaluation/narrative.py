"""An evaluation in plain sentences: what its numbers mean, and what they do not."""

from facedemo.evaluation.metrics import DUPLICATE, FEWEST, TOLERANCE
from facedemo.evaluation.report import Rate, Report, Row
from facedemo.evaluation.table import markdown, table

REPEATS = 0.5  # a model that shows fewer than so many of the people on as many real faces repeats itself
CLOSER = 0.9  # of the distance that unseen real faces have to the training faces: nearer may be copies


def reading(report: Report) -> list[str]:
    """What a report says, a sentence or two a measure, without markup."""
    drawn, real = report.drawn, report.real
    said = [detection(drawn, real), second_detector(drawn), gallery(drawn), variety(report), distance(report)]
    said += [repetition(drawn, real), copies(drawn, real), inception(drawn, real), honesty(report)]
    return [words for words in said if words]


def section(report: Report, model: str) -> str:
    """What a report says of the model called so, as the part of a model card: command, table and sentences."""
    said = "\n".join(f"- {words}" for words in reading(report))
    numbers = markdown(*table({model: report}))
    return f"## How good it is\n\n`{report.command(model)}`:\n\n{numbers}\n\n{said}\n\n"


def found_in(undetected: Rate) -> str:
    found = undetected.of - undetected.count
    return f"{found:,} of {undetected.of:,} ({found / undetected.of:.1%})"


def detection(drawn: Row, real: Row | None) -> str:
    own = drawn.undetected
    words = f"A face is found in {found_in(own)} of the images that the model draws; with other seeds, the share would "
    words += f"most likely lie between {1 - own.high:.1%} and {1 - own.low:.1%}."
    if real is None:
        return f"{words} Compare it with real faces of this size: the detector misses some of those, too."
    other = real.undetected
    words += f" In real faces of this size it is {1 - other.share:.1%}:"
    if own.high < other.low:
        return f"{words} the model's are found more often, because they are smoother and more ordinary than people are."
    if own.low > other.high:
        return f"{words} the model's are found less often."
    return f"{words} on so many images, no difference can be told."


def second_detector(drawn: Row) -> str:
    rate = drawn.undetected_cnn
    return f"The second detector, a neural network, finds a face in {found_in(rate)}." if rate else ""


def gallery(drawn: Row) -> str:
    if drawn.unknown is None:
        return ""
    return (
        f"{drawn.unknown.count:,} show a face that is nobody of the gallery: further than {TOLERANCE} from everyone in "
        "it, where two photographs of one person are usually nearer than that."
    )


def variety(report: Report) -> str:
    drawn, real = report.drawn, report.real
    if real is None:
        people = "person" if drawn.people == 1 else "different people"
        return (
            f"The faces show {drawn.people:,} {people}. A detector is content with one good face drawn over and over: "
            "this number tells whether the model knows more."
        )
    words = f"The first {report.people_first:,} show {drawn.people_first:,} different people, as many real faces show "
    words += f"{real.people_first:,}."
    return f"{words} The model repeats itself." if drawn.people_first < REPEATS * real.people_first else words


def distance(report: Report) -> str:
    drawn, real = report.drawn, report.real
    if real is None:
        return ""
    if drawn.distance is None or real.distance is None:
        return f"For a Fréchet face distance, too few faces were found: it takes {FEWEST} on each side."
    return (
        f"As a crowd they are {drawn.distance:.3f} away from real faces (Fréchet face distance; 0 is no difference). "
        f"Two crowds of real faces are {real.distance:.3f} apart, so nothing can come much closer than that."
    )


def repetition(drawn: Row, real: Row | None) -> str:
    words = f"{drawn.duplicates:.1%} are nearly the same picture as another (nearer than {DUPLICATE})"
    return f"{words}; of real faces, {real.duplicates:.1%}." if real else f"{words}."


def copies(drawn: Row, real: Row | None) -> str:
    if drawn.nearest is None or real is None or real.nearest is None:
        return ""
    words = f"From half of them, the nearest training face is {drawn.nearest:.2f} away or less; from half of the real "
    words += f"faces that are compared with, {real.nearest:.2f}."
    if drawn.nearest < CLOSER * real.nearest:
        return f"{words} The model's are nearer: look at them for copies."
    return f"{words} No sign that the model copies."


def inception(drawn: Row, real: Row | None) -> str:
    if None in (drawn.fid, drawn.kid) or real is None or None in (real.fid, real.kid):
        return ""
    return (
        f"FID is {drawn.fid:.1f} (between real faces {real.fid:.1f}), KID {drawn.kid:.4f} ({real.kid:.4f}). FID "
        "shrinks with the number of images: compare it only with FIDs of as many."
    )


def honesty(report: Report) -> str:
    if report.unseen is not False:
        return ""
    return (
        "The model was trained on all parts of its data: if these real faces are of them, it has seen them, and what "
        "compares with them is kinder than it would be with unseen ones."
    )
