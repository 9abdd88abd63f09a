"""An evaluation in plain sentences: what its numbers mean and what they do not."""

from facedemo.evaluation.commands import verify_command
from facedemo.evaluation.metrics import DUPLICATE, FEWEST, TOLERANCE
from facedemo.evaluation.report import Rate, Report, Row, percent
from facedemo.evaluation.table import markdown, table

REPETITION_RATIO = 0.5  # a model whose share of the people on an equal number of real faces is lower repeats itself
MAX_UNDETECTED = 0.5  # share of images without a face, above which nothing is said about repetition
COPY_RATIO = 0.9  # relative to the distance of held-out real faces to the training faces: closer faces may be copies


def describe(report: Report) -> list[str]:
    """A report in words, a sentence or two per metric, without markup."""
    generated, real = report.generated, report.real
    sentences = [
        detection(generated, real),
        second_detector(generated),
        gallery(generated),
        variety(report),
        distance(report),
    ]
    sentences += [repetition(generated, real), copies(generated, real), inception(generated, real), honesty(report)]
    return [sentence for sentence in sentences if sentence]


def card_section(report: Report, model: str) -> str:
    """A report as a section of the model's card: command, table and sentences."""
    sentences = "\n".join(f"- {sentence}" for sentence in describe(report))
    numbers = markdown(*table({model: report}))
    return f"`{verify_command(report, model)}`:\n\n{numbers}\n\n{sentences}"


def found_in(undetected: Rate) -> str:
    detected = undetected.of - undetected.count
    return f"{detected:,} of {undetected.of:,} ({percent(detected / undetected.of)})"


def detection(generated: Row, real: Row | None) -> str:
    own = generated.undetected
    sentence = f"A face is detected in {found_in(own)} of the generated images; with other seeds, the share would "
    sentence += f"most likely lie between {percent(1 - own.high)} and {percent(1 - own.low)}."
    if real is None:
        return f"{sentence} Compare this with real faces of the same size, some of which the detector also misses."
    other = real.undetected
    sentence += f" For real faces of this size, it is {percent(1 - other.share)}:"
    if own.high < other.low:
        return (
            f"{sentence} the model's faces are detected more often. That does not make them better: smooth, average "
            "faces are easily detected."
        )
    if own.low > other.high:
        return f"{sentence} the model's faces are detected less often."
    return f"{sentence} the difference is not significant at this sample size."


def second_detector(generated: Row) -> str:
    rate = generated.undetected_cnn
    return f"The second detector, a neural network, detects a face in {found_in(rate)}." if rate else ""


def gallery(generated: Row) -> str:
    if generated.unrecognised is None:
        return ""
    count = generated.unrecognised.count
    images = f"{count:,} image{' shows' if count == 1 else 's show'}"
    return (
        f"{images} a face that matches nobody in the gallery: its distance to everyone in it is more than "
        f"{TOLERANCE}, while two photographs of one person are usually closer."
    )


def variety(report: Report) -> str:
    generated, real = report.generated, report.real
    if not generated.faces:
        return ""
    if real is None:
        return (
            f"The faces show {people_text(generated.people)}. A high detection rate can be reached by repeating one "
            "good face; this number shows the model's diversity."
        )
    images = "The first image shows" if report.matched_n == 1 else f"The first {report.matched_n:,} images show"
    sentence = f"{images} {people_text(generated.people_matched_n)}; the same number of real faces shows "
    sentence += f"{real.people_matched_n:,}."
    if generated.undetected.share > MAX_UNDETECTED:
        return sentence  # few people, because there are few faces
    few = generated.people_matched_n < REPETITION_RATIO * real.people_matched_n
    return f"{sentence} The model repeats itself." if few else sentence


def people_text(count: int) -> str:
    return "1 person" if count == 1 else f"{count:,} different people"


def distance(report: Report) -> str:
    generated, real = report.generated, report.real
    if real is None:
        return ""
    if generated.distance is None or real.distance is None:
        enough = f"{FEWEST} in each half of the real ones" if report.split == "all" else f"{FEWEST} on each side"
        return f"Too few faces were detected for a Fréchet face distance, which needs {enough}."
    sets = "these two halves" if report.split == "all" else "two sets of real faces"
    halves = ", the mean of those to two halves of them" if report.split == "all" else ""
    return (
        f"Their Fréchet face distance to real faces is {generated.distance:.3f} (0: identical distributions){halves}. "
        f"Between {sets} it is {real.distance:.3f}, which is about the lowest value that a model can reach."
    )


def repetition(generated: Row, real: Row | None) -> str:
    if not generated.faces:
        return ""
    sentence = (
        f"{percent(generated.duplicates)} of the faces are near-duplicates of another one (closer than {DUPLICATE})"
    )
    return f"{sentence}; for real faces, it is {percent(real.duplicates)}." if real else f"{sentence}."


def copies(generated: Row, real: Row | None) -> str:
    if generated.nearest is None or real is None or real.nearest is None:
        return ""
    sentence = (
        f"The median distance to the nearest training face is {generated.nearest:.2f}; for the real faces that are "
        "compared "
    )
    sentence += f"with, it is {real.nearest:.2f}."
    if generated.nearest < COPY_RATIO * real.nearest:
        return f"{sentence} The model's faces are closer: check them for copies of training images."
    return f"{sentence} There is no sign of memorisation."


def inception(generated: Row, real: Row | None) -> str:
    if None in (generated.fid, generated.kid) or real is None or None in (real.fid, real.kid):
        return ""
    return (
        f"FID is {generated.fid:.1f} (between real faces {real.fid:.1f}), KID {generated.kid:.4f} ({real.kid:.4f}). "
        "FID decreases with the number of images, so compare it only for the same number."
    )


def honesty(report: Report) -> str:
    if report.unseen is not False:
        return ""
    if report.split == "all":
        return (
            f"The real faces are all images of {report.data}: if the model was trained on some of them, the comparison "
            "is biased in the model's favour."
        )
    return (
        "The model was trained on all splits of its data: if these real faces are among them, the comparison is biased "
        "in the model's favour."
    )
