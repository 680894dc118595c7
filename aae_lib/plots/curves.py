"""The plot of a training run: losses by phase, and measures of the match where they were taken."""

import itertools
import math

from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator
from pandas import DataFrame, Series
from pandas.api.types import is_numeric_dtype

from ..arguments import one_made_of, takes
from . import common
from .picture import Picture

MEASURE = "#009E73"
PHASES = ("reconstruction", "discriminator", "generator", "classification", "consistency", "heads", "elbo")
# where each player's loss stands when D = 1/2 everywhere, and the side of the line that its name goes to
TIE = {"discriminator": (2 * math.log(2), "2 log 2", "bottom"), "generator": (math.log(2), "log 2", "top")}


@takes(history=one_made_of(DataFrame, example="trainer.history"), figsize=common.FIGSIZE)
def losses(history: DataFrame, *, figsize: tuple[float, float] | None = None) -> Picture:
    """The losses of a run: a panel for the game, and one for each other loss or measure.

    Thin lines are the losses of single steps, thick ones their running mean. In the game's panel broken lines show
    where both players stand when D = 1/2 everywhere: the discriminator at 2 log 2 (a sum of two cross-entropies), the
    generator at log 2. Measures taken at some steps only (such as `mmd`) are on a log scale; an unbiased estimate may
    be zero or negative, and is then marked by a triangle at the lower edge.

    Parameters
    ----------
    history : DataFrame
        A trainer's `history`.
    figsize : tuple of float, optional
        In inches.

    Returns
    -------
    Picture
        The figure.

    Raises
    ------
    ValueError
        For a history without steps or losses, or with columns that are not numbers.

    Examples
    --------
    >>> import aae_lib as aae
    >>> trainer = aae.Trainer(aae.AE((1, 8, 8), hidden=(16,)), aae.load("digits"))
    >>> losses(trainer.run(steps=3, progress=False))
    Curves over 3 training steps: reconstruction.
    """
    if "member" in history.columns:
        raise ValueError("this is the history of a sweep: draw a member's, as in losses(sweep.trainers[0].history).")
    odd = [name for name in history.columns if not (isinstance(name, str) and is_numeric_dtype(history[name]))]
    if odd and len(history):
        raise ValueError(f"history has columns that are not numbers: {', '.join(map(str, odd))}. Leave it out.")
    names = [name for name in history.columns if name not in ("step", "seconds") and history[name].notna().any()]
    if "step" not in history.columns or len(history) == 0 or history["step"].isna().any() or not names:
        raise ValueError("history holds no losses to draw: run the trainer first, then pass trainer.history.")
    if "losses" in history.attrs:  # else it comes from a file, say
        measured = [name for name in names if name not in history.attrs["losses"]]
    else:
        measured = [name for name in names if not name.startswith(PHASES) and history[name].isna().any()]
    game = [name for name in names if name.startswith(tuple(TIE)) and name not in measured]
    panels = [[name] for name in names if name not in game and name not in measured]
    panels += [game] if game else []
    panels += [[name] for name in measured]

    figure, axes = common.blank(len(panels), figsize=figsize or (5.0 * min(len(panels), 3), 4.6 * -(-len(panels) // 3)))
    for ax, shown in zip(axes, panels, strict=True):
        ax.set_xlabel("step")
        ax.grid(axis="y", alpha=0.3)
        if shown is game:
            _game(ax, history, game)
        elif shown[0] in measured:
            _measure(ax, history, shown[0])
        else:
            _curve(ax, history["step"], history[shown[0]], "#333333", "-")
            common.title(ax, f"{shown[0].capitalize()} loss")
    figure.alt = f"Curves over {int(history['step'].iloc[-1])} training steps: {', '.join(names)}."
    return figure


def _curve(ax: Axes, step: Series, loss: Series, colour: str, style: str, name: str | None = None) -> None:
    window = max(1, len(loss) // 40)
    ax.plot(step, loss, color=colour, alpha=0.25, linewidth=0.8)
    mean = loss.rolling(window, center=True, min_periods=1).mean()
    ax.plot(step, mean, color=colour, linewidth=2.8, linestyle=style, label=name)


def _game(ax: Axes, history: DataFrame, names: list[str]) -> None:
    colours = {"discriminator": common.REAL, "generator": common.FAKE}
    for player, (tie, formula, side) in TIE.items():
        own = [name for name in names if name.startswith(player)]
        for name, style in zip(own, itertools.cycle(["-", "-.", ":"]), strict=False):
            _curve(ax, history["step"], history[name], colours[player], style, name.replace("_", " "))
        if own:
            ax.axhline(tie, color=colours[player], linestyle="--", linewidth=1.8)
            ax.annotate(  # in the margin, where no curve passes
                f"{formula}\n≈ {tie:.2f}", (1, tie), xycoords=("axes fraction", "data"), xytext=(5, 0),
                textcoords="offset points", va=side, fontsize=common.SIZE - 1, color=colours[player],
            )  # fmt: skip
    ax.legend(fontsize=common.SIZE - 1, frameon=False)
    ax.set_xlabel("step\nBroken lines: D = 1/2. These losses do not\nmeasure how well q(z) matches p(z).", fontsize=12)
    common.title(ax, "Losses of the game")


def _measure(ax: Axes, history: DataFrame, name: str) -> None:
    taken = history.dropna(subset=[name])
    above = taken[name].where(taken[name] > 0)  # the line breaks where the estimate is not positive
    ax.plot(taken["step"], above, "o-", color=MEASURE, linewidth=2.8, markersize=6)
    if above.notna().any():
        ax.set_yscale("log")
        ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        ax.yaxis.set_major_formatter("{x:g}")  # plain text: the default's formulas are not safe in a thread
        ax.yaxis.set_minor_formatter("")
    below = taken[taken[name] <= 0]
    if len(below):
        ax.plot(
            below["step"], [0.02] * len(below), "v", color=MEASURE, markersize=9, markerfacecolor="white",
            transform=ax.get_xaxis_transform(), label="0 or below", clip_on=False,
        )  # fmt: skip
        ax.legend(fontsize=common.SIZE - 1, frameon=False)
    common.title(ax, name.upper() if len(name) <= 4 else name.replace("_", " ").capitalize())
