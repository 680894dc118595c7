"""Which part of the code knows what an image was made from: slant, size, weight and font of the glyphs."""

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from ..arguments import takes
from ..data import Split
from ..models import Model, can, of_one_moment
from .checks import GENERATOR, SPLIT, a_model, own_generator, seed_from
from .classes import ROWS, probabilities, read_off, standardised, styles

if TYPE_CHECKING:
    import pandas as pd


@takes(model=a_model("encode"), train=SPLIT, test=SPLIT, generator=GENERATOR)
@of_one_moment
def factor_scores(model: Model, train: Split, test: Split, generator: torch.Generator | None = None) -> "pd.DataFrame":
    """How well each factor can be read off each part of the code, fitted on split `train` and scored on `test`.

    A part that knows a factor scores near 1. Where class and style are apart, slant is found in z and hardly in y, and
    the class in y and hardly in z. But class and font determine the outline together: they cannot be separated
    entirely.

    Parameters
    ----------
    model : Model
        With `encode`, and `classify` if it has categories. Of a map z = c - W y is judged.
    train, test : Split
        With `factors`, a table with a row for each image. Columns of whole numbers or words are names.
    generator : torch.Generator, optional
        Of subsamples and readers; None: one seeded with 0.

    Returns
    -------
    DataFrame
        One row per factor. Columns:

        - `score`: "R²" or "accuracy";
        - `chance`: what a code without the factor gets: 0 (a little below by bad luck), or the share of the most
          frequent name;
        - `z`; `y`, if the model classifies; `class`, read off the true class, if the factors give it: what a perfect y
          would get;
        - `coordinate`: the one of z that carries the factor best, by |correlation| on `train`;
        - `correlation`: its own on `test`: Spearman's rank correlation (sign: the way to walk for more of it), or for
          names η, the correlation ratio of its ranks, >= 0.

    Raises
    ------
    ValueError
        For a split without factors, with factors that are missing for an image, with other factors than the other
        split, or with fewer than 10 images, and for codes that are not finite.

    Notes
    -----
    Readers: for numbers ridge regression on 400 RBF features (Nyström), its strength by leave-one-out on `train`; for
    names the best of an RBF support vector machine, logistic regression and 5 nearest neighbours (`classes.read_off`).
    They see at most 4000 images of each split, drawn at random. z is standardised, y taken as it is.
    """
    import pandas as pd

    generator = own_generator(generator)
    _check_factors(train, "train")
    _check_factors(test, "test")
    train, test = (_at_most(ROWS, split, generator) for split in (train, test))
    made, sought = _factors(train), _factors(test)
    if list(made) != list(sought):
        raise ValueError(
            f"train has the factors {', '.join(map(str, made))}, and test {', '.join(map(str, sought))}: take both "
            "splits from one dataset."
        )
    codes = _codes(model, train, test)
    numbers = [name for name in made if pd.api.types.is_float_dtype(made[name])]
    rows: list[dict[str, Any]] = []
    for name in made:
        known, asked, number = made[name], sought[name], name in numbers
        chance = 0.0 if number else asked.value_counts(normalize=True).max()
        rows.append({"factor": name, "score": "R²" if number else "accuracy", "chance": chance})
        if not number:
            classes = known.to_numpy(), asked.to_numpy()
            rows[-1] |= {p: read_off((x, classes[0]), (t, classes[1]), generator) for p, (x, t) in codes.items()}
        z, t = codes["z"]
        best = int(np.abs(_association(z, known, number)).argmax())
        rows[-1] |= {"coordinate": best, "correlation": _association(t, asked, number)[best]}
    table = pd.DataFrame(rows).set_index("factor")
    for part, pair in codes.items():
        table.loc[numbers, part] = _read_numbers(*pair, made[numbers], sought[numbers], generator)
    return table[["score", "chance", *codes, "coordinate", "correlation"]]


def _factors(split: Split) -> "pd.DataFrame":
    """What the images were made from, of a split that `_check_factors` has seen."""
    assert split.factors is not None
    return split.factors


def _check_factors(split: Split, name: str) -> None:
    """ValueError unless the split says what its images were made from."""
    import pandas as pd

    table = split.factors
    if not isinstance(table, pd.DataFrame) or table.shape[1] == 0:
        raise ValueError(
            f'{name}: this split does not say what its images were made from; take the glyphs: aae.load("glyphs").'
        )
    if len(table) < 10:
        raise ValueError(f"{name} has {len(table)} images; at least 10 are needed.")
    for column in table:
        floats = pd.api.types.is_float_dtype(table[column])
        if table[column].isna().any() or (floats and not np.isfinite(table[column]).all()):
            raise ValueError(f"{name}: the factor {column} is missing, or not finite, for some images: leave them out.")


def _at_most(n: int, split: Split, generator: torch.Generator) -> Split:
    return split if len(split) <= n else split.take(torch.randperm(len(split), generator=generator)[:n])


def _codes(model: Model, train: Split, test: Split) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """The parts of the code, by name: an array for train and one for test."""
    import pandas as pd

    codes = {"z": standardised(*(styles(model, split.images).numpy() for split in (train, test)))}
    if can(model).classify:
        codes["y"] = probabilities(model, train.images).numpy(), probabilities(model, test.images).numpy()
    made, sought = _factors(train), _factors(test)
    if "class" in made:
        one_hot = pd.get_dummies(pd.concat([made["class"], sought["class"]])).to_numpy(float)
        codes["class"] = one_hot[: len(train)], one_hot[len(train) :]
    return codes


def _read_numbers(
    x: np.ndarray, t: np.ndarray, known: "pd.DataFrame", asked: "pd.DataFrame", generator: torch.Generator
) -> "pd.Series":
    """R² of each column of numbers, asked of codes t by a reader that was fitted on codes x."""
    import pandas as pd
    from sklearn.kernel_approximation import Nystroem
    from sklearn.linear_model import RidgeCV
    from sklearn.metrics import r2_score
    from sklearn.pipeline import make_pipeline

    if known.shape[1] == 0:
        return pd.Series(dtype=float)
    features = Nystroem(
        gamma=0.3 / (x.var(0).sum() or 1),  # wide: smooth in some twenty dimensions too
        n_components=min(400, len(x)),
        random_state=seed_from(generator),
    )
    ridge = RidgeCV(np.logspace(-4, 3, 8), alpha_per_target=True)
    mean, sd = known.mean(), known.std().replace(0, 1)
    found = make_pipeline(features, ridge).fit(x, ((known - mean) / sd).to_numpy()).predict(t).reshape(len(t), -1)
    scores = r2_score(((asked - mean) / sd).to_numpy(), found, multioutput="raw_values")
    return pd.Series(scores, known.columns)


def _association(z: np.ndarray, factor: "pd.Series", number: bool) -> np.ndarray:
    """Of each coordinate with a factor, (d,): Spearman's correlation, or for names η of the coordinate's ranks."""
    import pandas as pd

    ranks = pd.DataFrame(z).rank().reset_index(drop=True)
    factor = factor.reset_index(drop=True)
    if number:
        found = ranks.corrwith(factor.rank())
    else:
        found = ranks.groupby(factor).transform("mean").std(ddof=0) / ranks.std(ddof=0)
    return found.fillna(0).to_numpy()  # 0/0: a coordinate, or a factor, that never changes
