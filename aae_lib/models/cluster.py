"""The clustering AAE (Makhzani et al. 2015, section 6): the semi-supervised one without labels."""

import dataclasses

from .abilities import Abilities
from .phase import Phase
from .semi_supervised import SemiSupervisedAAE


class ClusterAAE(SemiSupervisedAAE):
    """The clustering AAE: a category is a cluster. Labels are never looked at, even where the data has them.

    Parameters and phases as for `SemiSupervisedAAE`, but for the classification.

    Examples
    --------
    >>> import aae_lib as aae
    >>> [phase.name for phase in aae.ClusterAAE((1, 8, 8), categories=16).phases()]
    ['reconstruction', 'discriminator', 'generator', 'discriminator_y', 'generator_y']
    """

    @property
    def can(self) -> Abilities:
        return dataclasses.replace(super().can, named_categories=False)

    def label_phases(self) -> tuple[Phase, ...]:
        return ()
