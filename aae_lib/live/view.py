"""What you see of one trainer: codes over the prior, D's surface, pulls, MMD and floor, pictures.

Everything random here comes from the view's own generator, so that a run is the same with and without a panel.
All methods run on the thread that trains.
"""

import math
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from .. import metrics
from ..data import Minibatch, Minibatches, Split
from ..metrics.checks import standard_of
from ..models import can
from ..plots.common import axis_name, extent_of
from ..plots.drawn import drawn
from ..training import Trainer
from .pulls import moving_phases, pulls
from .wire import SHARED

SHOWN = 2000  # codes and prior samples drawn, at most
MEASURED = 500  # of them, how many the MMD is taken of
PICTURES = 8
SIDE = 36  # cells of D's surface in each direction
NO_LABEL: int = SHARED["no_label"]
PULLED = 100  # images whose pulls are taken
ARROWS = 40  # of them, how many are drawn: more would hide the codes


Extent = tuple[float, float, float, float]  # left, right, bottom, top


class Seen(NamedTuple):
    """One kept moment of the time machine: small, and enough to be drawn again."""

    step: int
    codes: np.ndarray  # (N, 2) float32
    categories: np.ndarray | None  # (N,) uint8, what the encoder took each image for
    heads: np.ndarray | None  # (K, 2) float32, the heads of a map
    prior: np.ndarray  # (M, 2) float32; one array for all moments with this prior
    surface: np.ndarray | None  # (SIDE, SIDE) float32, D as it was at this moment or a picture earlier
    about: dict[str, Any]  # the numbers next to the picture


class Plane(NamedTuple):
    """The plane that is drawn: z = centre + (x, y) · basis; for 2-D codes the code itself."""

    centre: Tensor  # (d,)
    basis: Tensor  # (2, d), orthonormal rows
    names: tuple[str, str]

    def project(self, z: Tensor) -> Tensor:
        return (z - self.centre) @ self.basis.T

    def lift(self, xy: Tensor) -> Tensor:
        return self.centre + xy @ self.basis


class View:
    """The view of one trainer's model.

    trainer  whose model has `prior`, and `encode(images) -> (N, d)` or, without images, a parameter `points` (N, d);
             where it has `decode` and `discriminator`, pictures and D's surface are shown too
    split    the held-out images whose codes are drawn
    seed     of the view's own generator
    """

    def __init__(self, trainer: Trainer, split: Split, seed: int = 0) -> None:
        self.trainer, self.device = trainer, trainer.device
        self.model: Any = trainer.model  # a learner's own, too
        self.can = can(self.model)
        split = split.take(torch.arange(len(split))[:SHOWN]) if len(split) > SHOWN else split
        self.split = split
        self.images = split.images.to(self.device)
        self.generator = torch.Generator(self.device).manual_seed(seed)
        self.of_prior = torch.Generator(self.device)
        self.has_decoder = self.can.decode and (self.images.ndim == 4 or self.images.shape[1] > 2)
        self.latent_dim = int(self.model.prior.dim)
        self.n_categories = self.can.categories
        self.symbol = "c" if self.can.heads else "z"  # a map's plane is that of its places
        self.plane = axes_plane(self.latent_dim, 0, 1, self.device, self.symbol)
        self.beside: list[Extent] = []  # what runs that are drawn next to this one, over the same square, need
        self.pulled = moving_phases(trainer)
        self.new_prior()

    def _minibatch(self, n: int) -> Minibatch:
        labels = self.split.labels[:n]
        if not (labels >= 0).all():
            labels = torch.full_like(labels, -1)  # else a game with few labels would fill the batch up with other rows
        minibatches = Minibatches(Split(self.images[:n], labels), len(labels), self.device)
        minibatches.standard = self.trainer.minibatches.standard
        return Minibatch(minibatches, minibatches.permutation)

    # ---- the prior, drawn again when it changes ----

    def new_prior(self) -> None:
        """Draw from the prior; take its floor and the part of the plane that it fills."""
        self.source = self.model.prior
        prior, n = self.model.prior, max(2, len(self.images if self.can.encode else self.codes()))
        # with the same numbers each time: so a fork has the same sample, and a prior that moves jitters less
        generator = self.of_prior.manual_seed(0)
        self.prior = prior.sample(n, generator=generator, device=self.device)
        self.fixed = prior.sample(PICTURES, generator=generator, device=self.device)  # decoded again and again
        self.floor = metrics.floor(prior, n=min(n, MEASURED), repeats=30, generator=torch.Generator().manual_seed(0))
        self._frame_prior()

    def look_along(self, plane: Plane) -> None:
        """Draw another plane of a code of more than two dimensions."""
        self.plane = plane
        self._frame_prior()

    def _frame_prior(self) -> None:
        self.prior_shown = self.plane.project(self.prior).float().cpu().numpy()
        left, right, bottom, top = extent_of(torch.from_numpy(self.prior_shown))
        self.centre = ((left + right) / 2, (bottom + top) / 2)
        self.half, self.zoom = max(right - left, top - bottom) / 2 * 1.1, 0
        self.drawn = self.own

    # ---- what is drawn ----

    def follow_prior(self) -> bool:
        """Draw a prior that moves with training where it is now (its floor is a rough one, of 4 pairs), and one that
        the model has been given since; returns whether it is another one."""
        prior = self.model.prior
        if prior is not self.source:
            self.new_prior()
            return True
        if not prior.moves:
            return False
        self.prior = prior.sample(len(self.prior), generator=self.of_prior.manual_seed(0), device=self.device)
        self.floor = metrics.floor(prior, n=min(len(self.prior), MEASURED), repeats=4, generator=torch.Generator())
        self._frame_prior()
        return False

    def categories(self) -> np.ndarray | None:
        """(N,) uint8: the category that the encoder gives to each image shown; None where it gives none."""
        if not self.can.classify:
            return None
        return self.model.classify(self.images).argmax(1).to(torch.uint8).cpu().numpy()

    def heads(self) -> np.ndarray | None:
        """(K, 2) float32: where a map's heads lie; None where there are none."""
        if not self.can.heads:
            return None
        return self.plane.project(self.model.cluster_heads.detach()).float().cpu().numpy()

    def codes(self) -> Tensor:
        """z (N, d) of the images shown."""
        if self.can.encode:
            return self.model.encode(self.images)
        return self.model.points.detach()[:SHOWN]

    def labels(self) -> np.ndarray:
        """(N,) uint8; NO_LABEL where there is none."""
        labels = self.split.labels if self.can.encode else torch.full((len(self.codes()),), -1)
        return labels.where(labels >= 0, NO_LABEL).numpy().astype(np.uint8)

    def extent(self, shown: Tensor) -> Extent:
        """The square that is drawn: round what this run needs, and the runs next to it."""
        self._widen(shown)
        self.drawn = around([self.own, *self.beside])
        return self.drawn

    @property
    def own(self) -> Extent:
        """The square that this run needs: the prior's, widened by steps of a half."""
        (x, y), half = self.centre, self.half * 1.5**self.zoom
        return (x - half, x + half, y - half, y + half)

    def _widen(self, shown: Tensor) -> None:
        """As far as codes `shown` (N, 2) lie outside, and back."""
        away = (shown - shown.new_tensor(self.centre)).abs().amax(1)
        need = float(away.kthvalue(math.ceil(0.95 * len(away))).values) / self.half  # all but one in twenty
        if np.isfinite(need):
            while self.zoom < 12 and need > 1.5**self.zoom:
                self.zoom += 1
            while self.zoom and need < 0.9 * 1.5 ** (self.zoom - 1):
                self.zoom -= 1

    @property
    def dots(self) -> str:
        """What is drawn over the prior: codes, or where there is no encoder points."""
        return "codes" if self.can.encode else "points"

    @property
    def has_surface(self) -> bool:
        """D is drawn where codes are two-dimensional: a slice of a larger space would mislead."""
        return self.can.play and self.latent_dim == 2

    @torch.no_grad()
    def surface(self, extent: Extent) -> np.ndarray:
        """D(z) over the extent, (SIDE, SIDE) float32, top row first; where D is told classes, the largest over them."""
        left, right, bottom, top = extent
        at = (torch.arange(SIDE, device=self.device) + 0.5) / SIDE
        y, x = torch.meshgrid(top + (bottom - top) * at, left + (right - left) * at, indexing="ij")
        grid = torch.stack([x, y], -1).reshape(-1, 2)
        classes = self.can.told_classes
        told = [()] if classes is None else [(torch.full((len(grid),), k, device=self.device),) for k in range(classes)]
        belief = torch.stack([self.model.discriminator(grid, *y).float() for y in told]).amax(0).sigmoid()
        return belief.reshape(SIDE, SIDE).cpu().numpy()

    def mmd(self, z: Tensor, prior: Tensor | None = None) -> float | None:
        """MMD of the codes z (N, d) against the prior sample that is drawn (or was): codes that rest have one MMD."""
        prior = self.prior if prior is None else prior
        z = z[: min(MEASURED, len(prior))]
        if len(z) < 2 or not z.isfinite().all():
            return None
        return metrics.mmd(z.cpu(), prior[: len(z)].cpu())

    def arrows(self) -> np.ndarray:
        """(M, 2 + 2K) float32: where a code lies, and where each of the K phases that move the encoder pulls it."""
        z, found = pulls(self.trainer, self._minibatch(min(PULLED, len(self.images))), self.generator)
        length = 0.04 * (self.drawn[1] - self.drawn[0])
        parts = [self.plane.project(z)]
        parts += [length * found.get(name, torch.zeros_like(z)) @ self.plane.basis.T for name in self.pulled]
        return torch.cat(parts, 1)[:ARROWS].float().cpu().numpy()

    def pictures(self) -> np.ndarray:
        """(3, k, H, W, C) uint8: images, their reconstructions, decoded prior samples."""
        x = self.images[:PICTURES]
        told = (self.split.labels[:PICTURES],) if self.can.need_labels else ()
        back, made = self.model.reconstruct(x, *told), self.decode(self.fixed)
        rows = torch.stack([self._bytes(part) for part in (x, back, made[: len(x)])])
        return rows.permute(0, 1, 3, 4, 2).contiguous().cpu().numpy()

    def at(self, xy: tuple[float, float]) -> tuple[np.ndarray, np.ndarray | None, dict[str, Any] | None]:
        """The decoded image at a place of the plane, and the nearest held-out image: its picture, label, distance."""
        z = self.plane.lift(torch.tensor([xy], dtype=torch.float32, device=self.device))
        distance = (self.codes() - z).norm(dim=1)
        if not distance.isfinite().all():
            return self._picture(self.decode(z)), None, None
        i = int(distance.argmin())
        label, took = int(self.split.labels[i]), 0
        near: dict[str, Any] = {"label": label, "distance": float(distance[i])}
        if self.can.see_category:
            took = int(self.model.classify(self.images[i : i + 1]).argmax()) if self.can.classify else max(0, label)
            near["category"] = took
        decoded = self._picture(self.decode(z, took))
        return decoded, self._picture(self.images[i : i + 1]), near

    @property
    def picture_shape(self) -> tuple[int, int, int]:
        """(H, W, C) of a sample's picture."""
        return self._picture(self.images[:1]).shape

    def _picture(self, x: Tensor) -> np.ndarray:
        """The first of some samples, as (H, W, C) uint8."""
        return self._bytes(x)[0].permute(1, 2, 0).cpu().numpy()

    def _bytes(self, x: Tensor) -> Tensor:
        """Samples as pictures (N, C, H, W) uint8."""
        if x.dtype == torch.uint8 and standard_of(self.model) is None and x.ndim == 4:
            return x
        return (drawn(x, self.model) * 255).round().to(torch.uint8)

    def decode(self, z: Tensor, first: int = 0) -> Tensor:
        """Images of z (N, d); where the decoder wants a category, row i gets number first + i, round and round."""
        if not self.can.see_category:
            return self.model.decode(z)
        return self.model.decode(z, (first + torch.arange(len(z), device=self.device)) % self.model.categories)


def around(extents: list[Extent]) -> Extent:
    """The smallest square round all of these; the page's extents.ts has the same."""
    lefts, rights, bottoms, tops = zip(*extents, strict=True)
    left, right, bottom, top = min(lefts), max(rights), min(bottoms), max(tops)
    x, y, half = (left + right) / 2, (bottom + top) / 2, max(right - left, top - bottom) / 2
    return (x - half, x + half, y - half, y + half)


def axes_plane(d: int, i: int, j: int, device: torch.device, symbol: str = "z") -> Plane:
    """The plane of two coordinates of z; the others are 0 in it."""
    names = (axis_name(i, symbol), axis_name(j, symbol))
    basis = torch.zeros(2, d, device=device)
    if d == 1:
        basis[0, 0] = 1
        return Plane(torch.zeros(d, device=device), basis, (names[0], ""))
    basis[0, i] = basis[1, j] = 1
    return Plane(torch.zeros(d, device=device), basis, names)


def pca_plane(z: Tensor) -> Plane:
    """The plane through the mean of z (N, d) in which it spreads most; fixed from then on."""
    centre = z.mean(0)
    _, _, v = torch.linalg.svd(z - centre, full_matrices=False)
    return Plane(centre, v[:2], ("PCA 1", "PCA 2"))
