"""Face detection in several processes, which can be interrupted and killed."""

import subprocess
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import psutil
import pytest

from facedemo.evaluation.detector import CHUNK, detect_and_embed, landmarks
from facedemo.storage.workers import WorkerProcess
from tests.conftest import fill


def test_faces_are_found_where_there_are_faces_and_nowhere_else(images: np.ndarray, tmp_path: Path) -> None:
    detections = detect_and_embed(images, processes=1, cache=tmp_path)
    assert detections.detected.sum() >= 4
    assert not detections.detected[6:].any()
    assert np.isfinite(detections.face_embeddings).all()
    assert np.isnan(detections.embeddings[6:]).all()
    first = int(np.flatnonzero(detections.detected)[0])
    assert {"chin", "left_eye", "right_eye", "top_lip"} <= landmarks(images[first], detections.boxes[first]).keys()


def test_an_interrupted_evaluation_goes_on_and_gives_the_same_answer(images: np.ndarray, tmp_path: Path) -> None:
    many = np.concatenate([images] * 7)  # three chunks
    whole = detect_and_embed(many, embed=False, processes=1, cache=tmp_path)
    chunks = sorted(tmp_path.glob("*.npz"))
    assert len(chunks) == 3
    chunks[0].write_bytes(b"damaged")
    reports: list[tuple[int, int | None]] = []
    second = detect_and_embed(many, embed=False, processes=1, cache=tmp_path, progress=lambda *at: reports.append(at))
    assert np.array_equal(whole.boxes, second.boxes)
    assert len(reports) == 2, "what was kept was not judged again"
    assert reports[0][0] in (31, 50)
    assert reports[1] == (56, 56)


def test_an_evaluation_whose_results_cannot_be_kept_goes_on(images: np.ndarray, disk: Path, tmp_path: Path) -> None:
    whole = detect_and_embed(images, embed=False, processes=1, cache=tmp_path / "roomy")
    fill(disk / "ballast", 0)
    (tmp_path / "file").touch()
    for cache in (disk, tmp_path / "file", tmp_path / "file" / "cache"):
        assert np.array_equal(detect_and_embed(images, embed=False, processes=1, cache=cache).boxes, whole.boxes)
    assert [path.name for path in disk.iterdir()] == ["ballast"], "nothing half-written is left"


def test_what_a_killed_evaluation_left_half_written_is_removed_by_the_next(images: np.ndarray, tmp_path: Path) -> None:
    left = tmp_path / f".{'0' * 32}.npz.{2**22 - 3}-0123abcd.tmp"
    left.write_bytes(b"half")
    detect_and_embed(images[:1], embed=False, processes=1, cache=tmp_path)
    assert [path.suffix for path in tmp_path.iterdir()] == [".npz"]


def test_a_cancelled_evaluation_ends_and_keeps_what_was_evaluated(images: np.ndarray, tmp_path: Path) -> None:
    many = np.concatenate([images] * 7)

    def cancel(done: int, total: int | None) -> None:
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        detect_and_embed(many, embed=False, processes=2, progress=cancel, cache=tmp_path)
    assert list(tmp_path.glob("*.npz"))
    assert not list(tmp_path.glob(".*")), "nothing half-written is left"


def test_several_processes_find_what_one_finds_and_leave_the_main_module_alone(
    images: np.ndarray, tmp_path: Path
) -> None:
    main, unchanged = sys.modules["__main__"], list[bool]()
    many = np.concatenate([images, images[:, :, ::-1]] * 7)  # more chunks than are given out at once
    alone = detect_and_embed(many, embed=False, processes=1, cache=tmp_path / "one")
    together = detect_and_embed(
        many,
        embed=False,
        processes=2,
        cache=tmp_path / "two",
        progress=lambda *_: unchanged.append(sys.modules["__main__"] is main),
    )
    assert np.array_equal(alone.boxes, together.boxes)
    assert unchanged
    assert all(unchanged)


class ManyImages:
    """More images than should be in memory at once, each made when it is asked for."""

    def __len__(self) -> int:
        return 2000

    def __getitem__(self, row: int) -> np.ndarray:
        if row >= len(self):
            raise IndexError
        return np.full((64, 64, 3), row % 256, np.uint8)


def test_no_more_images_than_a_few_chunks_are_in_memory_at_once(tmp_path: Path) -> None:
    def stop_before_the_first(*_: object) -> None:
        raise KeyboardInterrupt

    tracemalloc.start()
    with pytest.raises(KeyboardInterrupt):
        detect_and_embed(ManyImages(), processes=1, cache=tmp_path, progress=stop_before_the_first)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 5 * CHUNK * 64 * 64 * 3


def test_a_detection_process_that_dies_is_an_error_in_words() -> None:
    process = WorkerProcess("facedemo.evaluation.detector:detect_chunk")
    process.process.kill()
    with pytest.raises(RuntimeError, match="ended unexpectedly"):
        process.call(np.zeros((1, 64, 64, 3), np.uint8), "hog", False)
    process.end()


def test_the_workers_of_a_killed_evaluation_end_too(tmp_path: Path) -> None:
    script = tmp_path / "judging.py"
    script.write_text(
        "import numpy as np\n"
        "from pathlib import Path\n"
        "from facedemo.evaluation.detector import detect_and_embed\n"
        "if __name__ == '__main__':\n"
        "    images = np.random.default_rng(0).integers(0, 255, (5000, 64, 64, 3), np.uint8)\n"
        f"    detect_and_embed(images, embed=False, processes=2, cache=Path({str(tmp_path)!r}),\n"
        "          progress=lambda done, total: print(done, flush=True))\n"
    )
    with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True) as judging:
        for line in judging.stdout:
            if int(line) > 0:
                break
        children = psutil.Process(judging.pid).children()
        workers = [child for child in children if "storage.workers" in str(child.cmdline())]
        judging.kill()
    assert len(workers) == 2
    assert psutil.wait_procs(workers, timeout=60)[1] == []
