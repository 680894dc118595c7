"""Of images: how well they are reconstructed, how sharp they are, how many classes they show, how close to the
data they lie.
"""

import torch
from torch import Tensor

from ..arguments import shown, takes
from ..data import Split
from ..models import Model, can, of_one_moment
from .checks import MANY, SPLIT, a_model, in_units_of, labelled, same_pixels, scaled, tensor


@takes(model=a_model("reconstruct"), split=SPLIT)
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


@takes(model=a_model("reconstruct"), split=SPLIT)
@of_one_moment
def reconstruction_error(model: Model, split: Split) -> float:
    """Mean squared error per pixel of decode(encode(x)), pixels in [0, 1]; per number of a vector.

    With `likelihood="gaussian"` the unit is the variance of each number in the training data: 1 is no better than
    always the mean.

    Parameters
    ----------
    model : Model
        With `reconstruct`. One that needs labels (`can.need_labels`) is given those of the split.
    split : Split
        The images.

    Returns
    -------
    float
        In pixel units squared, or in variances.

    Raises
    ------
    ValueError
        For a split without images, for images that are not the model's, and for pixels that are not finite.

    Examples
    --------
    >>> import aae_lib as aae
    >>> data = aae.load("digits")
    >>> f"{reconstruction_error(aae.AE(data.image_shape, seed=0), data.test):.1f}"
    '0.2'
    """
    images = in_units_of(model, split.images, "images of split")
    found = in_units_of(model, reconstructed(model, split))
    if found.shape != images.shape:
        raise ValueError(f"the model makes {tuple(found.shape)} of the images {tuple(images.shape)} of split.")
    return float((found - images).square().mean())


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
    images = tensor(images, "images")
    if images.ndim != 4 or min(images.shape[2:]) < 3:
        raise ValueError(
            f"sharpness needs images (N, C, H, W) of at least 3 x 3 pixels; the shape is {tuple(images.shape)}."
        )
    x = scaled(images)
    beside = x[..., 1:-1, :-2] + x[..., 1:-1, 2:] + x[..., :-2, 1:-1] + x[..., 2:, 1:-1]
    laplacian = 4 * x[..., 1:-1, 1:-1] - beside
    return float(laplacian.flatten(1).var(dim=1, correction=0).mean())


def effective_number(shares: Tensor) -> float:
    r"""How many parts there are, weighted by their shares s (K,), which sum to 1.

    .. math:: \exp\left(-\sum_{k=1}^K s_k \log s_k\right)

    K equal shares give K, a single one gives 1. Hill 1973, "Diversity and evenness" (order 1). ValueError for numbers
    that are no shares.

    Examples
    --------
    >>> effective_number(torch.tensor([0.5, 0.5, 0.0]))
    2.0
    """
    shares = tensor(shares, "shares")
    if shares.ndim != 1 or not ((shares >= 0).all() and abs(float(shares.sum()) - 1) < 1e-3):
        raise ValueError(f"shares must be numbers (K,) of at least 0 that sum to 1; got {shown(shares)}.")
    return float(torch.special.entr(shares).sum().exp())


@takes(split=SPLIT, k=MANY)
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
        Neighbours; at most as many as there are labelled images.

    Returns
    -------
    float
        From 1 to the number of classes.

    Raises
    ------
    ValueError
        For images of another shape than those of `split`, for none at all, and for too many neighbours.

    Examples
    --------
    >>> import aae_lib as aae
    >>> data = aae.load("digits")
    >>> f"{effective_classes(data.test.images, data.train):.0f}"
    '10'
    """
    from sklearn.neighbors import KNeighborsClassifier

    keep = labelled(split.labels, "split")
    real, classes = scaled(split.images[keep], "images of split").flatten(1), split.labels[keep].cpu()
    if k > len(real):
        raise ValueError(f"k = {k} neighbours are too many: split has {len(real)} labelled images.")
    fakes = same_pixels(images, "images", real, "images of split")
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
        If most test images are training images too, for images of different shapes, and for none at all.

    Examples
    --------
    >>> import aae_lib as aae
    >>> data = aae.load("digits")
    >>> nearest_distance(data.test.images, data.train.images, data.test.images)
    1.0
    """
    from sklearn.neighbors import NearestNeighbors

    real = scaled(train_images, "train_images").flatten(1)
    fakes, others = (
        same_pixels(x, name, real, "train_images") for x, name in ((images, "images"), (test_images, "test_images"))
    )
    index = NearestNeighbors(n_neighbors=1).fit(real.numpy())
    fake, unseen = (float(torch.from_numpy(index.kneighbors(x.numpy())[0]).median()) for x in (fakes, others))
    if unseen < 1e-5:  # rounding in float32
        raise ValueError("most test images are training images too, so there is no distance to use as the unit.")
    return fake / unseen
