"""The user's own data: how they are read, what of it a run's folder keeps, and what a run was trained on."""

import argparse
import json
from pathlib import Path
from typing import Any

from ..arguments import count, one_of, shown, text
from .faults import OptionError, blame

OWN_DATA = "data.json"  # in a run's folder: where its data are, and how they were read


def own_options(options: argparse.Namespace) -> dict[str, Any]:
    """How the user's own data are read, for `read_own`; empty for a set of the library's."""
    place = options.dataset
    own = isinstance(place, Path)
    folder, table = own and place.is_dir(), own and place.suffix.lower() == ".csv" and place.is_file()
    for option, fits, wanted in (
        ("label", table, "a .csv"),
        ("size", folder, "a folder"),
        ("colour", folder, "a folder"),
    ):
        if getattr(options, option) is not None and not fits:
            raise OptionError(f"--{option} is for {wanted} of your own, and --dataset is {place}: leave it out.")
    if not own:
        return {}
    chosen = {"size": options.size or 32, "colour": options.colour or "grey"} if folder else {}
    return {"dataset": str(place.resolve()), "label": options.label, **chosen}


def read_own(dataset: str, label: str | None = None, **pictures: Any) -> Any:
    """The user's own data, in a folder of pictures, a .csv or a .npz."""
    from .. import data

    place = Path(dataset)
    with blame(f"--dataset {shown(dataset)}"):
        if not place.exists():
            raise ValueError("it is not there; say by --dataset where it is now.")
        if place.is_dir():
            return data.from_folder(place, **pictures)
        if place.suffix.lower() == ".npz":
            return data.from_npz(place)
        return data.from_table(place, label=label)


def remember(options: argparse.Namespace) -> None:
    """Write down in the run's folder how its data were read."""
    from ..files import write_whole

    options.out.mkdir(parents=True, exist_ok=True)
    write_whole(options.out / OWN_DATA, json.dumps(own_options(options), indent=1).encode())


def remembered(run: Path) -> dict[str, Any]:
    """What `remember` has written; ValueError if it is damaged."""
    kinds = {"dataset": text(), "label": text(), "size": count(1, 4096), "colour": one_of("grey", "rgb")}
    try:
        found = json.loads((run / OWN_DATA).read_text("utf-8"))
        return {name: value and kinds[name].take(value) for name, value in found.items()}
    except Exception:
        raise ValueError(f"{run / OWN_DATA} is damaged: say in Python where the data are.") from None


def trained_on(run: Path, index: dict[str, Any], folder: Path | None, moved: Path | None) -> Any:
    """The data that a run was trained on; ValueError if they are not here, or not the same any more."""
    from ..data import load
    from ..data.loading import IMAGES
    from ..data.minibatches import fingerprint
    from ..data.toys import TOYS

    told = index["made of"]["data"]
    if (run / OWN_DATA).is_file():
        read = remembered(run) | ({"dataset": str(moved)} if moved else {})
        data = read_own(**read)
        if fingerprint(data.train.images) != told["images"]:
            raise ValueError(f"{read['dataset']} has changed: {run} was trained on other data; say where by --dataset.")
        return data
    data = load(told["name"], folder=folder) if told["name"] in (*IMAGES, *TOYS) else None
    if data is None or fingerprint(data.train.images) != told["images"]:
        raise ValueError(
            f"{run} was trained on data of your own, which the command line does not have: measure it in Python, with "
            f'aae.metrics.compare(aae.load_model("{run}"), data).'
        )
    return data
