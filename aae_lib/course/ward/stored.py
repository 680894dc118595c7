"""The runs behind the figures that the lesson quotes: five seeds each, and their charts, stored."""

import json
import math
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch

from ...arguments import seed as seeds
from ...arguments import takes
from ...data import Dataset, load
from ...files import write_whole
from ...models import WAE
from ...optimizers import Cosine
from ...training.trainer import Trainer
from .chart import examine
from .illnesses import DATASET, STEPS, fall_ill, saturating
from .patients import WRONG, admit

SEEDS = (0, 1, 2, 3, 4)
RESULTS = Path(__file__).with_name("results.json")
TREATED = {  # from the first step
    "healthy": (None, "r1", "noise", "smoothing", "batch", "norm"),
    "collapse": (None, "phase", "r1", "noise", "smoothing", "batch", "norm"),
    "winner": (None, "rates", "r1", "noise", "smoothing", "batch", "norm"),
    "forgotten": (None, "phase", "r1"),
    "rate": (None, "rates", "r1", "noise", "smoothing", "batch", "norm"),
    "saturating": (None, "loss", "r1", "noise", "smoothing"),
}
THEN = {  # after a whole run of the illness, as in the lesson
    "collapse": ("r1", "phase"),
    "winner": ("rates",),
    "forgotten": ("phase",),
    "rate": ("rates",),
    "saturating": ("loss",),
}


def results() -> dict[str, list[dict[str, float]]]:
    """The stored charts: "illness, cure", "illness, then cure" or "patient A" -> one chart a seed, seeds 0 to 4."""
    return json.loads(RESULTS.read_text(encoding="utf-8"))


def store(only: Sequence[str] = ()) -> None:
    """Run everything with five seeds, or what begins with one of these words, and store the charts."""
    torch.set_num_threads(1)
    runs: dict[str, Callable[[int], Trainer]] = {
        f"{i}, {c or 'untreated'}": partial(fall_ill, i, cure=c) for i in TREATED for c in TREATED[i]
    }
    runs |= {f"{i}, then {c}": partial(treat, i, c) for i in THEN for c in THEN[i]}
    runs |= {f"patient {p}": partial(admit, p) for p in WRONG}
    runs |= {"WAE": player_free, "saturating with Adam": adam_saturating}
    stored: dict[str, Any] = {**results()}
    for name, make in runs.items():
        if only and not name.startswith(tuple(only)):
            continue
        charts = [examine(make(seed)) for seed in SEEDS]
        stored[name] = [{k: None if math.isnan(v) else float(f"{v:.4g}") for k, v in chart.items()} for chart in charts]
        kept = {name: stored[name] for name in runs if name in stored}
        write_whole(RESULTS, (json.dumps(kept, indent=1) + "\n").encode())
        print(f"{name:<26}" + "  ".join(f"{chart['mmd']:.3f}" for chart in charts), file=sys.stderr, flush=True)


def treat(illness: str, cure: str, seed: int = 0) -> Trainer:
    """The trainer that takes over after a whole run of that illness, to treat it; not yet trained."""
    ill, treated = fall_ill(illness, seed), fall_ill(illness, seed, cure=cure)
    ill.run(steps=STEPS, progress=False)
    treated.model.load_state_dict(ill.model.state_dict())
    return treated


@takes(seed=seeds(), data=DATASET)
def player_free(seed: int = 0, data: Dataset | None = None) -> Trainer:
    """The WAE-MMD of the same size: reconstruction + 100 · MMD, no discriminator."""
    data = data or load("digits")
    model = WAE(data.image_shape, hidden=(100, 100), mmd=100, seed=seed)
    return Trainer(model, data, seed=seed, device="cpu", schedule=Cosine(STEPS, final=0.05))


def adam_saturating(seed: int = 0) -> Trainer:
    """The saturating loss in an AAE, with Adam, against a discriminator of ten times the rate."""
    trainer = fall_ill("healthy", seed)
    trainer.phases = (*trainer.phases[:-1], trainer.phases[-1].replace(loss=saturating))
    trainer.weights["discriminator"] = 10
    return trainer
