"""Makes the files beside it, with the code of commit 55d8366 and no other: they stand for what it wrote.

In a checkout of that commit, with this file copied into it: `PYTHONPATH=. python make.py NEW_FOLDER`.

    run.zip              a finished run, exported       00000020.ckpt.gz    its checkpoint, which an export leaves out
    bundle.zip           a bundle of it, exported       faces.npz           what both draw from eight seeds
    after-30-iterations.safetensors    the run's weights after going on to iteration 30, rounded as in a bundle
"""

import gzip
import json
import os
import shutil
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from facedemo import bundle, card, parcels, sampling, training
from facedemo.config import Budget, RunConfig
from facedemo.runs import Run, create_run
from facedemo.worker import execute

SETTINGS = {
    "name": "an earlier version's",
    "model": {"size": 32, "width": 4, "latent": 4, "batch_size": 4},
    "data": {"source": "images"},  # beside the run, so that the config names no folder of one computer
    "budget": {"iterations": 12},
    "training": {
        "precision": "32-true",
        "threads": 1,
        "log_every": 4,
        "sample_every": 20,
        "checkpoint_every": 1000,
    },
}


def images(folder: Path) -> None:
    """64 pictures of 5 x 5 random squares: 40 pixels wide, and small as files."""
    random = np.random.RandomState(0)
    folder.mkdir()
    for number in range(64):
        squares = random.randint(0, 256, (5, 5, 3)).astype(np.uint8)
        Image.fromarray(squares.repeat(8, 0).repeat(8, 1)).save(folder / f"{number:02}.png", optimize=True)


def plain(run: Run) -> None:
    """Leaves out what this computer is called, TensorBoard's copy of the metrics, and earlier checkpoints."""
    shutil.rmtree(run.path / "tensorboard")
    for earlier in run.checkpoints()[1:]:
        earlier.unlink()
    status = json.loads((run.path / "status.json").read_text("utf8"))
    (run.path / "status.json").write_text(json.dumps(status | {"host": "another-computer"}, indent=2), "utf8")


def main() -> None:
    out = Path(sys.argv[1]).resolve()
    out.mkdir(parents=True)
    training.SAMPLES = 4  # instead of 64, because noise does not get smaller as a PNG
    os.environ["FACEDEMO_CACHE"] = str(out / "cache")
    os.chdir(out)
    images(out / "images")

    run = create_run(RunConfig.model_validate(SETTINGS), Path())
    assert execute(run).state == "finished"
    run.steer(gamma=0.5, learning_rate_g=2e-4)
    run.extend(Budget(iterations=20))
    assert execute(run).state == "finished"
    run.write_notes("Trained by an earlier version.")
    plain(run)
    made = card.export(run, Path("squares"), "Sixty-four pictures of random squares.")
    for name in ("samples.png", "curves.png"):
        (made / name).unlink()
    for folder, name in ((run.path, "run.zip"), (made, "bundle.zip")):
        parcels.write(folder, Path(name))
    (checkpoint,) = run.checkpoints()
    with gzip.open(f"{checkpoint.name}.gz", "wb") as file:
        file.write(checkpoint.read_bytes())

    seeds = sampling.face_seeds(0, 8)
    drawn = {name: sampling.generate(bundle.load(path), seeds) for name, path in (("run", run.path), ("bundle", made))}
    np.savez_compressed("faces.npz", seeds=np.array(seeds), **drawn)

    run.extend(Budget(iterations=30))
    assert execute(run).state == "finished"
    shutil.copy(card.export(run, Path("further")) / "model.safetensors", "after-30-iterations.safetensors")
    for folder in ("images", "cache", "squares", "further", run.path):
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
