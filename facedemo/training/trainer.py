"""The training loop, which is independent of the GAN family and reports through the run directory."""

import time

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import Tensor

from facedemo.config.schedule import LEARNING_RATE_FIELD, SettingChange, SettingsSchedule
from facedemo.config.schema import RunConfig
from facedemo.data.images import Images
from facedemo.gans.base import Family
from facedemo.imaging.pictures import grid, to_uint8
from facedemo.pretrained.provenance import Trained
from facedemo.runs.records import Command
from facedemo.storage.process import uninterrupted
from facedemo.training import recovery
from facedemo.training.batches import Batches, random_stream
from facedemo.training.checkpoints import Checkpoint, common_checkpoint
from facedemo.training.evaluations import BackgroundEvaluations
from facedemo.training.health import DivergedError, HealthMonitor, pairwise_spread
from facedemo.training.iteration import Iteration
from facedemo.training.progress import Clock
from facedemo.training.recorder import AnyRecorder

SAMPLES = 64  # images in a sample grid
POLL_SECONDS = 0.2  # seconds between checks for commands while paused


class Trainer:
    """One run from its last checkpoint to the end of its budget."""

    def __init__(self, fabric: Fabric, record: AnyRecorder, config: RunConfig, images: Images) -> None:
        """images: n of uint8 (s, s, 3).

        Every process of the run has its own trainer, with the same settings, and all make the same updates.
        Raises RunError if the run has checkpoints, but none that can be read.
        """
        self.fabric, self.record, self.config = fabric, record, config
        fabric.seed_everything(config.training.seed, verbose=False)
        self.iteration, self.clock = Iteration(fabric, SettingsSchedule(config), images), Clock()
        self.health = HealthMonitor(
            config.model.bounded, pairwise_spread(Batches(images, 256, config.training.seed, False).load(0))
        )
        self.evaluations = BackgroundEvaluations(record.run.path, config.training.evaluate_every)
        self.spent = 0.0  # seconds of training, as rank 0 counts them
        record.log(
            f"{len(images):,} images; {fabric.device}, {fabric.world_size} process(es) of {torch.get_num_threads()} "
            f"thread(s), {config.training.precision}; "
            f"{sum(p.numel() for p in self.family.generator.parameters()):,} generator and "
            f"{sum(p.numel() for p in self.family.discriminator.parameters()):,} discriminator parameters"
        )
        self.restore()
        self.metrics = record.open_metrics(self.step)

    def train(self) -> str:
        """Trains to the end of the budget or until told to stop; returns the state reached: `finished` or `stopped`."""
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
        settings = self.settings.training
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
    def schedule(self) -> SettingsSchedule:
        return self.iteration.schedule

    @property
    def settings(self) -> RunConfig:
        """The current settings."""
        return self.schedule.config

    @property
    def images(self) -> int:
        return self.step * self.settings.model.images_per_step

    @property
    def fraction(self) -> float:
        return self.settings.budget.fraction(self.step, self.images, self.spent)

    def new_commands(self) -> list[Command]:
        """The new commands. Rank 0 reads them and the clock, and broadcasts both to all processes."""
        if self.fabric.world_size > 1 and self.step % self.settings.training.log_every:
            return []
        commands, self.spent = self.fabric.broadcast((self.record.new_commands(), self.clock.seconds))
        return commands

    def process_commands(self) -> str:
        """Processes the commands since the last iteration; waits while paused.  Returns "stop" or ""."""
        paused = was_paused = False
        while True:
            self.replay_changes()
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
            self.schedule.apply(change)
        except ValueError as error:
            self.record.log(f"ignored: {error}")
            return
        self.record.log(str(change))
        self.record.record_change(change)

    def replay_changes(self) -> None:
        """Applies the changes that an earlier process recorded and that are due."""
        for line in self.schedule.replay(self.step):
            self.record.log(line)

    def log_metrics(self) -> None:
        """One row: means of the family's metrics since the last one; current learning rates and gradient norms."""
        updates = self.iteration.updates
        means = updates.mean(torch.stack(self.fresh_rows).mean(0)).tolist()
        self.clock.log(len(self.fresh_rows) * self.settings.model.images_per_step)
        self.fresh_rows = []
        row = {"step": self.step, "images": self.images, "seconds": self.clock.seconds}
        row |= dict(zip(self.family.metrics, means, strict=True))
        row |= {name: self.schedule.rate(network, self.step - 1) for network, name in LEARNING_RATE_FIELD.items()}
        row |= {name: float(norm) for name, norm in updates.norms.items()}
        row["images_per_second"] = self.clock.images_per_second
        self.metrics.log_metrics(row)
        self.health.check_metrics(row)
        self.write_status("running")

    def write_status(self, state: str) -> None:
        if self.clock.is_due() or state != "running":
            self.record.write_status(
                state=state,
                step=self.step,
                images=self.images,
                progress=self.fraction,
                warnings=self.health.warnings,
                **self.clock.figures(self.images, self.fraction, over=state in ("stopped", "finished")),
            )

    @torch.no_grad()
    def sample(self) -> None:
        """Writes the sample grid of the run's fixed latents."""
        if not self.fabric.is_global_zero:
            return
        latents = self.family.latents(SAMPLES, random_stream(self.iteration.seed, "samples", 0)).to(self.fabric.device)
        images = torch.cat([self.family.average(part) for part in latents.split(16)]).float().clamp(-1, 1)
        self.health.check_samples(images, self.step)
        self.metrics.save_sample(self.step, np.asarray(grid(to_uint8(images.cpu()))))
        self.clock.tick()

    def checkpoint(self) -> None:
        """Writes the full state, from which training resumes exactly as if it had not been interrupted."""
        family = self.family.state_dict()
        # running means and the like differ between processes; those of rank 0 are saved, so it decides for all
        self.health.check_weights(family, self.fabric.broadcast)
        state = vars(Checkpoint(self.step, self.clock.seconds, family, self.iteration.optimizer_states()))
        trained = Trained(self.step, self.images)
        self.record.save_checkpoint(trained, lambda path: self.fabric.save(path, state), family)
        self.clock.tick()

    def evaluate(self, last: bool = False) -> None:
        """Starts an evaluation of the weights just saved, if one is due."""
        if self.fabric.is_global_zero:
            self.evaluations.start_if_due(self.images, last)

    def restore(self) -> None:
        """Goes to the last checkpoint, with the settings of that time; without any, to the beginning."""
        run = self.record.run
        checkpoint = common_checkpoint(self.fabric, run, self.record.log)
        if checkpoint:
            self.iteration.restore(checkpoint.step, checkpoint.family, checkpoint.optimizers)
            self.clock.seconds = self.spent = checkpoint.seconds
            self.record.log(f"resumed at iteration {self.step}")
        changes = self.fabric.broadcast(run.setting_changes())
        self.iteration.schedule = SettingsSchedule(self.config, changes)
        self.replay_changes()
        self.fresh_rows: list[Tensor] = []  # metrics since the last row of the log

    def recover(self, error: DivergedError) -> None:
        """Goes on from the last checkpoint at half the learning rates; raises `error` if it cannot or must not."""
        run, diverged_at = self.record.run, self.step
        if not self.fabric.broadcast(self.settings.training.recover and recovery.is_possible(run)):
            raise error
        self.restore()
        self.metrics.close()
        self.metrics = self.record.open_metrics(self.step)
        self.steer(recovery.halved_rates(self.schedule, self.step))
        self.health.recovered = recovery.warning(run, diverged_at, self.step)
        self.record.log(f"{error} {self.health.recovered}")
