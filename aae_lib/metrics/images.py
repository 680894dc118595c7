"""Of images: how well they are reconstructed, how sharp they are, how many classes they show, how near the data they
lie.
"""

import torch
from torch import Tensor

from ..data import Split, scale
from ..models import Model, can, of_one_moment
from .checks import finite, labelled


def scaled(images: Tensor) -> Tensor:
    """Floats in [0, 1] on the CPU; ValueError unless they are finite."""
    images = scale(images).detach().cpu()
    return finite(images, f"the {len(images)} images")


def reconstructed(model: Model, split: Split) -> Tensor:
    """The images of `split` encoded and decoded again, (N, C, H, W): with their labels for a model that needs them.

    ValueError where such a model (`can.need_labels`) meets images without a label.
    """
    if not can(model).need_labels:
        return model.reconstruct(split.images)
    if missing := int((split.labels < 0).sum()):
        raise ValueError(
            f"{missing} of these {len(split.labels)} images have no label, and this model's decoder is told the label: "
            "pass labelled images only, as in split.take(split.labelled.nonzero()[:, 0])."
        )
    return model.reconstruct(split.images, split.labels)


@of_one_moment
def reconstruction_error(model: Model, split: Split) -> float:
    """Mean squared error per pixel of decode(encode(x)), pixels in [0, 1] (for point sets: per coordinate).

    Parameters
    ----------
    model : Model
        With `reconstruct`. One that needs labels (`can.need_labels`) is given those of the split.
    split : Split
        The images.

    Returns
    -------
    float
        In pixel units squared.

    Examples
    --------
    >>> import aae_lib as aae
    >>> data = aae.load("digits")
    >>> f"{reconstruction_error(aae.AE(data.image_shape, seed=0), data.test):.1f}"
    '0.2'
    """
    return float((scaled(reconstructed(model, split)) - scaled(split.images)).square().mean())


def sharpness(images: Tensor) -> float:
    """Variance of the Laplacian over each image, averaged over images: the crisper the edges, the larger.

    Laplacian: 4 x - (left + right + above + below), pixels in [0, 1], borders left out. Only meaningful next to the
    sharpness of real images of the same kind; noise counts as sharp too.

    Parameters
    ----------
    images : tensor
        (N, C, H, W), uint8 or floats in [0, 1], at least 3 x 3 pixels.

    Returns
    -------
    float
        In pixel units squared.

    Raises
    ------
    ValueError
        For other shapes, and for pixels that are not finite.

    References
    ----------
    Pech-Pacheco et al. 2000, "Diatom autofocusing in brightfield microscopy".

    Examples
    --------
    >>> sharpness(torch.zeros(1, 1, 8, 8))
    0.0
    """
    if images.ndim != 4 or min(images.shape[2:]) < 3:
        raise ValueError(
            f"sharpness needs images (N, C, H, W) of at least 3 x 3 pixels; the shape is {tuple(images.shape)}."
        )
    x = scaled(images)
    beside = x[..., 1:-1, :-2] + x[..., 1:-1, 2:] + x[..., :-2, 1:-1] + x[..., 2:, 1:-1]
    laplacian = 4 * x[..., 1:-1, 1:-1] - beside
    return float(laplacian.flatten(1).var(dim=1, correction=0).mean())


def effective_number(shares: Tensor) -> float:
    """How many parts there are, weighted by their shares (K,), which sum to 1: exp(entropy).

    K equal shares give K, a single one gives 1. Hill 1973, "Diversity and evenness" (order 1).

    Examples
    --------
    >>> effective_number(torch.tensor([0.5, 0.5, 0.0]))
    2.0
    """
    return float(torch.special.entr(shares).sum().exp())


def effective_classes(images: Tensor, split: Split, k: int = 5) -> float:
    """How many classes the images show, weighted by their frequency (`effective_number`).

    Each image gets the class that its k nearest labelled images of `split` vote for, by distance between pixels: it
    says which class an image is *most like*, not whether it is any good.

    Parameters
    ----------
    images : tensor
        (N, C, H, W) or (N, d), the samples to judge.
    split : Split
        Real images with labels, preferably the training split; those without (-1) are left out.
    k : int, default 5
        Neighbours.

    Returns
    -------
    float
        From 1 to the number of classes.

    Examples
    --------
    >>> import aae_lib as aae
    >>> data = aae.load("digits")
    >>> f"{effective_classes(data.test.images, data.train):.0f}"
    '10'
    """
    from sklearn.neighbors import KNeighborsClassifier

    keep = labelled(split.labels)
    real, classes = scaled(split.images[keep]).flatten(1), split.labels[keep].cpu()
    fakes = _same_pixels(images, real)
    seen = torch.from_numpy(KNeighborsClassifier(k).fit(real.numpy(), classes.numpy()).predict(fakes.numpy()))
    return effective_number(seen.bincount() / len(seen))


def nearest_distance(images: Tensor, train_images: Tensor, test_images: Tensor) -> float:
    """How far the images lie from the data: 1 as near as real unseen images, 2 twice as far.

    The median distance of the images to their nearest training image, divided by the same median for the test images.
    Well below 1 they are blurred averages or copies of training images. Distances are Euclidean, in pixels.

    Parameters
    ----------
    images : tensor
        (N, C, H, W) or (N, d), the samples to judge.
    train_images, test_images : tensor
        Real ones, of the same shape but for N; uint8 or floats in [0, 1].

    Returns
    -------
    float
        The ratio, at least 0.

    Raises
    ------
    ValueError
        If most test images are training images too.

    Examples
    --------
    >>> import aae_lib as aae
    >>> data = aae.load("digits")
    >>> nearest_distance(data.test.images, data.train.images, data.test.images)
    1.0
    """
    from sklearn.neighbors import NearestNeighbors

    real = scaled(train_images).flatten(1)
    index = NearestNeighbors(n_neighbors=1).fit(real.numpy())
    fake, unseen = (
        float(torch.from_numpy(index.kneighbors(_same_pixels(x, real).numpy())[0]).median())
        for x in (images, test_images)
    )
    if unseen < 1e-5:  # rounding in float32
        raise ValueError("most test images are training images too, so there is no distance to measure by.")
    return fake / unseen


def _same_pixels(images: Tensor, real: Tensor) -> Tensor:
    """Images flattened to (N, d), once d is known to be that of the real ones."""
    flat = scaled(images).flatten(1)
    if flat.shape[1] != real.shape[1]:
        raise ValueError(f"the images have {flat.shape[1]} values each and the real ones {real.shape[1]}.")
    return flat
