"""An adversarial autoencoder as a scikit-learn transformer of tables: in pipelines, grid searches, cross-validation."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import torch
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import Tags, check_random_state
from sklearn.utils.validation import check_array, check_is_fitted, validate_data

from .arguments import count
from .data import Split
from .data.layout import TOO_FINE, too_fine
from .export import to_torch
from .models import AAE
from .optimizers import Cosine
from .priors import PriorLike
from .training import Trainer


class AAETransformer(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """Codes for the rows of a table of real numbers, distributed like a prior of your choice.

    Parameters
    ----------
    latent_dim : int, default 2
        d, the length of a code.
    prior : Prior or callable, optional
        p(z); None is N(0, I).
    hidden : sequence of int, default (256, 256)
        Widths of the hidden layers.
    steps : int, default 2000
        Of training.
    batch_size : int, default 100
        Rows a step, at most as many as there are.
    device : str, default "auto"
        As for `Trainer`.
    random_state : int, RandomState or None, default 0
        Of weights and training: an int gives the same codes again.

    Attributes
    ----------
    model_ : AAE
        The trained model.
    history_ : DataFrame
        Losses of every step.
    n_features_in_ : int
        D, the number of columns.

    Raises
    ------
    ValueError
        From `fit`, for arguments out of their range, and for a table that scikit-learn takes for none.

    Examples
    --------
    >>> from sklearn.datasets import load_wine
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> X, y = load_wine(return_X_y=True)
    >>> pipe = make_pipeline(StandardScaler(), AAETransformer(hidden=(32,), steps=300), LogisticRegression())
    >>> pipe.fit(X, y).score(X, y) > 0.8
    True
    """

    def __init__(
        self,
        latent_dim: int = 2,
        *,
        prior: PriorLike | None = None,
        hidden: Sequence[int] = (256, 256),
        steps: int = 2000,
        batch_size: int = 100,
        device: str = "auto",
        random_state: int | np.random.RandomState | None = 0,
    ) -> None:
        self.latent_dim = latent_dim
        self.prior = prior
        self.hidden = hidden
        self.steps = steps
        self.batch_size = batch_size
        self.device = device
        self.random_state = random_state

    def fit(self, X: Any, y: Any = None) -> Self:
        """Train on the rows of a table X (n, D); y is not looked at."""
        X = validate_data(self, X, dtype=(np.float64, np.float32), ensure_min_samples=2)
        if fine := too_fine(X):
            raise ValueError(f"column {fine[0]} of X {TOO_FINE}")
        steps = count().checked("steps", self.steps, "AAETransformer")
        batch_size = count().checked("batch_size", self.batch_size, "AAETransformer")
        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        model = AAE(
            (X.shape[1],), self.latent_dim, hidden=self.hidden, prior=self.prior, likelihood="gaussian", seed=seed
        )
        rows = torch.tensor(X, dtype=torch.float32)
        trainer = Trainer(
            model,
            Split(rows, torch.full((len(rows),), -1)),
            seed=seed,
            device=self.device,
            batch_size=min(batch_size, len(rows)),
            schedule=Cosine(steps, 0.05),
        )
        self.history_ = trainer.run(steps=steps, progress=False)
        self.model_ = model.cpu().eval()
        # in double precision a row's code does not depend on the rows next to it
        self._parts = to_torch(model).double()
        return self

    def transform(self, X: Any) -> np.ndarray:
        """The codes (n, d) of rows (n, D)."""
        X = self._checked(X)
        return self._parts["encoder"](torch.tensor(X).double()).numpy().astype(X.dtype)

    def inverse_transform(self, X: Any) -> np.ndarray:
        """Rows (n, D), in the units of the table, of codes (n, d)."""
        check_is_fitted(self)
        Z = check_array(X, dtype=(np.float64, np.float32))
        if Z.shape[1] != self._n_features_out:
            raise ValueError(f"X has {Z.shape[1]} columns, and codes have {self._n_features_out}.")
        return self._parts["decoder"](torch.tensor(Z).double()).numpy().astype(Z.dtype)

    def score_samples(self, X: Any) -> np.ndarray:
        """How normal each row is, (n,), the higher the more: log p(x|z) + log p(z), z its code, up to a constant.

        p(x|z) is the decoder's: unit variance in units of the training table's standard deviations. Where the prior has
        no density, log p(x|z) alone.
        """
        x = torch.tensor(self._checked(X)).double()
        z = self._parts["encoder"](x)
        standard = self.model_.likelihood.standard
        assert standard is not None  # of a Gaussian likelihood
        error = (self._parts["decoder"](z) - x) / standard.sd
        score = -0.5 * error.square().sum(1)
        return (score + self._log_prior(z)).numpy()

    def _log_prior(self, z: torch.Tensor) -> torch.Tensor:
        """log p(z), (n,); 0 where the prior has no density."""
        prior = self.model_.prior
        return prior.log_prob(z) if prior.has_log_prob else z.new_zeros(len(z))

    def _checked(self, X: Any) -> np.ndarray:
        check_is_fitted(self)
        return validate_data(self, X, reset=False, dtype=(np.float64, np.float32))

    @property
    def _n_features_out(self) -> int:
        return self.model_.latent_dim

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
