"""The training loop, which is independent of the GAN family and reports through the run directory."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning_fabric import Fabric

from facedemo.config.schedule import LEARNING_RATE_FIELD, SettingChange, SettingsSchedule
from facedemo.config.schema import RunConfig
from facedemo.data.images import Images
from facedemo.gans.base import Family
from facedemo.imaging.pictures import grid, to_uint8
from facedemo.pretrained.provenance import Trained
from facedemo.runs.directory import RunError
from facedemo.runs.records import Command
from facedemo.storage.process import uninterrupted
from facedemo.storage.process_status import Status
from facedemo.training.batches import Batches, random_stream
from facedemo.training.evaluations import BackgroundEvaluations
from facedemo.training.health import DivergedError, HealthMonitor, pairwise_spread
from facedemo.training.iteration import Iteration
from facedemo.training.progress import Clock
from facedemo.training.recorder import NullRecorder, Recorder

SAMPLES = 64  # images in a sample grid
UNREADABLE = "unreadable"
RECOVERY, MOST_RECOVERIES = "recovery", 3  # stands for the command of a change of settings that nobody requested
POLL_SECONDS = 0.2  # seconds between checks for commands while paused


class Trainer:
    """One run from its last checkpoint to the end of its budget."""

    def __init__(
        self,
        fabric: Fabric,
        record: Recorder | NullRecorder,
        config: RunConfig,
        images: Images,
        show: Callable[[Status], None],
    ) -> None:
        """images: n of uint8 (s, s, 3). `show` is called with every status that is written.

        Every process of the run has its own trainer, with the same settings, and all make the same updates.
        """
        self.fabric, self.record, self.show = fabric, record, show
        fabric.seed_everything(config.training.seed, verbose=False)
        self.config, self.schedule = config, SettingsSchedule(config)
        self.iteration, self.clock = Iteration(fabric, self.schedule, images), Clock()
        self.health = HealthMonitor(
            config.model.bounded, pairwise_spread(Batches(images, 256, config.training.seed, False).load(0))
        )
        self.evaluations = BackgroundEvaluations(record.run.path, config.training.evaluate_every)
        self.spent, self.fresh_rows = 0.0, []
        record.log(
            f"{len(images):,} images; {fabric.device}, {fabric.world_size} process(es) of {torch.get_num_threads()} "
            f"thread(s), {config.training.precision}; "
            f"{sum(p.numel() for p in self.family.generator.parameters()):,} generator and "
            f"{sum(p.numel() for p in self.family.discriminator.parameters()):,} discriminator parameters"
        )

    def train(self) -> str:
        """Trains to the end of the budget or until told to stop; returns the state reached: `finished` or `stopped`."""
        self.restore()
        self.clock.skip()
        if self.step == 0:
            self.sample()
        while self.fraction < 1.0:
            if self.process_commands() == "stop":
                self.checkpoint()
                self.write_status("stopped")
                return "stopped"
            try:
                with uninterrupted():
                    self.advance()
            except DivergedError as error:
                self.recover(error)
        self.checkpoint()
        self.evaluate(last=True)
        self.sample()
        self.write_status("finished")
        return "finished"

    def advance(self) -> None:
        """One iteration, and the logging, sampling and checkpoints that are due after it."""
        settings = self.schedule.config.training
        self.iteration.updates.measure = (self.step + 1) % settings.log_every == 0
        row = self.iteration.take().row
        self.fresh_rows.append(torch.stack([row[name].float() for name in self.family.metrics]))
        self.clock.tick()
        if self.step % settings.log_every == 0:
            self.log_metrics()
        if self.step % settings.sample_every == 0:
            self.sample()
        if self.step % settings.checkpoint_every == 0:
            self.checkpoint()
            self.evaluate()

    @property
    def family(self) -> Family:
        return self.iteration.family

    @property
    def step(self) -> int:
        return self.iteration.step

    @property
    def images(self) -> int:
        return self.step * self.schedule.config.model.images_per_step

    @property
    def fraction(self) -> float:
        return self.schedule.config.budget.fraction(self.step, self.images, self.spent)

    def new_commands(self) -> list[Command]:
        """The new commands. Rank 0 reads them and the clock, and broadcasts both to all processes."""
        if self.fabric.world_size > 1 and self.step % self.schedule.config.training.log_every:
            return []
        commands, self.spent = self.fabric.broadcast((self.record.new_commands(), self.clock.seconds))
        return commands

    def process_commands(self) -> str:
        """Processes the commands since the last iteration; waits while paused.  Returns "stop" or ""."""
        paused = was_paused = False
        while True:
            self.process_changes()
            for command in self.new_commands():
                if command.action == "stop":
                    return "stop"
                if command.action == "set":
                    self.steer(SettingChange(self.step, command.changes, command.id))
                elif paused != (command.action == "pause"):
                    paused, was_paused = not paused, True
                    self.checkpoint() if paused else self.record.log("continued")
                    self.record.set_queue_state("paused" if paused else "waiting")
            if not paused and not (was_paused and self.must_wait()):
                return ""
            self.write_status("paused" if paused else "waiting")
            time.sleep(POLL_SECONDS)
            self.clock.skip()  # a pause does not count towards the budget

    def must_wait(self) -> bool:
        """Whether a continued training must wait for its turn in the queue, which rank 0 decides for all."""
        return self.fabric.broadcast(self.fabric.is_global_zero and not self.record.take_turn())

    def steer(self, change: SettingChange) -> None:
        """Applies and records a new change."""
        try:
            self.apply(change)
        except ValueError as error:
            self.record.log(f"ignored: {error}")
            return
        self.record.record_change(change)

    def apply(self, change: SettingChange) -> None:
        self.schedule.apply(change)
        self.family.config = self.schedule.config.model
        self.record.log(f"iteration {change.step}: " + ", ".join(f"{k} = {v:g}" for k, v in change.changes.items()))

    def log_metrics(self) -> None:
        """One row: means of the family's metrics since the last one; current learning rates and gradient norms."""
        updates = self.iteration.updates
        means = updates.mean(torch.stack(self.fresh_rows).mean(0)).tolist()
        self.clock.log(len(self.fresh_rows) * self.schedule.config.model.images_per_step)
        self.fresh_rows = []
        row = {"step": self.step, "images": self.images, "seconds": self.clock.seconds}
        row |= dict(zip(self.family.metrics, means, strict=True))
        row |= {name: self.schedule.rate(network, self.step - 1) for network, name in LEARNING_RATE_FIELD.items()}
        row |= {name: float(norm) for name, norm in updates.norms.items()}
        row["images_per_second"] = self.clock.images_per_second
        self.record.log_metrics(row)
        self.health.check_metrics(row)
        self.write_status("running")

    def write_status(self, state: str) -> None:
        if not self.clock.is_due() and state == "running":
            return
        mean_speed = self.images / max(self.clock.seconds, 1e-9)
        self.record.write_status(
            state=state,
            step=self.step,
            images=self.images,
            seconds=self.clock.seconds,
            progress=self.fraction,
            seconds_left=self.clock.seconds_left(self.fraction),
            images_per_second=mean_speed if state in ("stopped", "finished") else self.clock.images_per_second,
            warnings=self.health.warnings,
        )
        self.show(self.record.status)

    @torch.no_grad()
    def sample(self) -> None:
        """Writes the sample grid of the run's fixed latents."""
        if not self.fabric.is_global_zero:
            return
        latents = self.family.latents(SAMPLES, random_stream(self.iteration.seed, "samples", 0)).to(self.fabric.device)
        images = torch.cat([self.family.average(part) for part in latents.split(16)]).float().clamp(-1, 1)
        self.health.check_samples(images, self.step)
        self.record.save_sample(self.step, np.asarray(grid(to_uint8(images.cpu()))))
        self.clock.tick()

    def checkpoint(self) -> None:
        """Writes the full state, from which training resumes exactly as if it had not been interrupted."""
        family = self.family.state_dict()
        # running means and the like differ between processes; those of rank 0 are saved, so it decides for all
        self.health.check_weights(family, self.fabric.broadcast)
        state = {
            "step": self.step,
            "seconds": self.clock.seconds,
            "family": family,
            "optimizers": self.iteration.optimizer_states(),
        }
        trained = Trained(self.step, self.images)
        self.record.save_checkpoint(trained, lambda path: self.fabric.save(path, state), family)
        self.clock.tick()

    def evaluate(self, last: bool = False) -> None:
        """Starts an evaluation of the weights just saved, if one is due."""
        if self.fabric.is_global_zero:
            self.evaluations.start_if_due(self.images, last)

    def recover(self, error: DivergedError) -> None:
        """Goes back to the last checkpoint, from which the training continues at half the learning rates.

        Raises `error` if that is not wanted, is not possible, or was done MOST_RECOVERIES times before.
        """
        run, settings = self.record.run, self.schedule.config.training
        done = sum(change.command == RECOVERY for change in run.setting_changes())
        possible = settings.recover and done < MOST_RECOVERIES and bool(run.checkpoints())
        if not self.fabric.broadcast(possible):
            raise error
        diverged_at = self.step
        self.restart_schedule()
        self.restore()
        self.process_changes()
        rates = {name: self.schedule.rate(net, self.step) / 2 for net, name in LEARNING_RATE_FIELD.items()}
        self.steer(SettingChange(self.step, rates, RECOVERY))
        self.fresh_rows = []
        self.health.recovered = (
            f"The training diverged at iteration {diverged_at:,} and went back to iteration {self.step:,}, with half "
            f"the learning rates ({done + 1} of at most {MOST_RECOVERIES} times)."
        )
        self.record.log(f"{error} {self.health.recovered}")

    def restart_schedule(self) -> None:
        """The settings of the beginning; `process_changes` applies the recorded changes again."""
        self.schedule = self.iteration.schedule = SettingsSchedule(self.config)
        self.family.config = self.config.model
        self.record.earlier_changes = self.record.run.setting_changes()

    def process_changes(self) -> None:
        """Applies the recorded changes that are due."""
        for change in self.record.due_changes(self.step):
            self.apply(change) if self.schedule.fits(change) else self.record.log(f"ignored: {change}")

    def restore(self) -> None:
        """Restores the newest readable checkpoint; without any checkpoint, starts from the beginning.

        Raises RunError if there are checkpoints but none can be read.
        """
        # computers that share a folder may see different files for a while, so rank 0 decides for all
        name, state = self.readable_checkpoint() if self.fabric.is_global_zero else ("", {})
        chosen = self.fabric.broadcast(name)
        self.record.earlier_changes = self.fabric.broadcast(self.record.earlier_changes)
        if chosen == UNREADABLE:
            raise RunError(
                "None of the run's checkpoints can be read, so it cannot be resumed. Delete the files in its "
                "folder “checkpoints” to train it again from the start."
            )
        if chosen:
            state = state or loaded(self.record.run.path / "checkpoints" / chosen)
            self.iteration.restore(state["step"], state["family"], state["optimizers"])
            self.clock.seconds = self.spent = state["seconds"]
            self.record.log(f"resumed at iteration {self.step}")
        self.record.rewind(self.step)

    def readable_checkpoint(self) -> tuple[str, dict[str, Any]]:
        """The file name and content of the newest readable checkpoint; "" or UNREADABLE instead of a name."""
        paths = self.record.run.checkpoints()
        for path in paths:
            try:
                return path.name, loaded(path)
            # unpickling a damaged file raises many kinds of errors; the previous checkpoint is used instead
            except Exception as error:
                self.record.log(f"{path.name} cannot be read ({error}); trying the previous checkpoint")
        return (UNREADABLE if paths else ""), {}


def loaded(checkpoint: Path) -> dict[str, Any]:
    return torch.load(checkpoint, map_location="cpu", weights_only=True)
