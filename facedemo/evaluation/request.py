"""What an evaluation is asked for, from the command line, the Verify page, a race or the library. Imports no torch."""

from dataclasses import dataclass, replace

from facedemo.config.schema import BUILTIN_SOURCE
from facedemo.data.source_files import existing

SPLITS = ("validation", "test", "all")


@dataclass(frozen=True)
class EvaluationRequest:
    """The settings of an evaluation, apart from the model.

    count: faces to generate.  seed: of the first face.  source: the model's training data, of which `split` is held
    out, or, with the split “all”, images of which all are compared with; without it, only metrics that need no real
    faces are measured.  gallery: images of known people.  cnn: also run the second detector.  copies: find the nearest
    training faces, for which all of them are embedded once.  fid: also measure FID and KID.
    """

    count: int = 1000
    seed: int = 0
    source: str | None = None
    split: str = "test"
    gallery: str | None = None
    cnn: bool = False
    copies: bool = False
    fid: bool = False

    def check(self) -> None:
        """Raises ValueError, before anything is computed, if this cannot be done; DataError for a missing source."""
        if self.count < 1:
            raise ValueError("At least one face has to be generated.")
        if self.split not in SPLITS:
            raise ValueError(
                f"“{self.split}” is not held out from training. Choose validation or test, or all for images that the "
                "model was not trained on."
            )
        for images in filter(None, (self.source, self.gallery)):
            if images == BUILTIN_SOURCE:
                raise ValueError("The built-in faces are no photographs. Give the path of real images to compare with.")
            existing(images)
        if self.source is None and self.copies:
            raise ValueError("The nearest training faces need the training images: give them with --data.")
        if self.split == "all" and self.copies:
            raise ValueError(
                "The nearest training faces need a held-out split to be judged by: choose the split test or validation."
            )
        if self.source is None and self.fid:
            raise ValueError("FID and KID need real images: give them with --data.")

    def without_real_faces(self) -> "EvaluationRequest":
        return replace(self, source=None, copies=False, fid=False)

    def with_source_of(self, source: str) -> "EvaluationRequest":
        """The same on the images that a model was trained on; built-in faces are generated, and so no real faces."""
        return self.without_real_faces() if source == BUILTIN_SOURCE else replace(self, source=source)
