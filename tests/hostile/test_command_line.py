"""Wrong options, folders and files on the command line: one sentence that names them, before any work."""

import io
import json
import os
import re
import shutil
import subprocess
import sys
from contextlib import redirect_stderr
from pathlib import Path

import pytest
import torch
from PIL import Image

import aae_lib as aae
from aae_lib import cli
from aae_lib.cli import build, machine, options, train
from aae_lib.data import Dataset, Split
from aae_lib.data.loading import IMAGES
from aae_lib.paper import reproduce
from aae_lib.paper.tasks import TASKS
from aae_lib.priors.naming import BY_NAME
from aae_lib.training import devices, processes

ROOT = Path(__file__).parents[2]
SMALL = ("--dataset", "digits", "--hidden", "8", "--steps", "2")
NUMBER = r"must be a finite number above 0"
WHOLE = r"must be a whole number from 1 to [\d,*]+; got "


def told(*arguments):
    """Exit code, and what stderr said."""
    said = io.StringIO()
    with redirect_stderr(said):
        try:
            code = cli.main([str(argument) for argument in arguments])
        except SystemExit as ended:
            code = ended.code
    return code, said.getvalue()


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TQDM_DISABLE", "1")
    return tmp_path


@pytest.fixture
def no_data(monkeypatch):
    def load(*args, **kwargs):
        raise AssertionError("data were loaded")

    monkeypatch.setattr("aae_lib.data.load", load)
    monkeypatch.setattr("aae_lib.paper.reproduce.load", load)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "digits"
    data = aae.load("digits")
    aae.Trainer(aae.AAE(data.image_shape, hidden=(8,)), data).run(steps=1, folder=folder, progress=False)
    return folder


WRONG = [
    *((option, value, NUMBER) for option in ("--lr", "--game-lr") for value in ("nan", "0", "1e39", "-1", "x", "")),
    ("--lr", "inf", r"must be a finite number above 0 and at most 1,?000; got inf\."),
    ("--epochs", "inf", NUMBER),
    ("--epochs", "nan", NUMBER),
    ("--epochs", "0", NUMBER),
    ("--epochs", "1e300", NUMBER),
    ("--save-seconds", "nan", "must be a finite number of at least 0; got nan"),
    ("--save-seconds", "-1", "must be a finite number of at least 0; got -1"),
    *((o, v, WHOLE) for o in ("--latent-dim", "--hidden", "--batch-size") for v in ("0", "-1", "1.5", "x", "10" * 9)),
    ("--steps", "0", WHOLE),
    ("--steps", "1e3", WHOLE),
    ("--steps", "9" * 5000, WHOLE),
    ("--categories", "1", r"must be a whole number from 2 to .*; got 1"),
    ("--labels", "-5", r"must be a whole number from 0 to .*; got -5"),
    ("--threads", "-1", r"must be a whole number from 1 to 4,?096; got -1"),
    ("--threads", "1000000000000", r"must be a whole number from 1 to 4,?096"),
    ("--seed", "-1", "must be a whole number .* 0"),
    ("--seed", "1" + "0" * 30, "must be a whole number .* 0"),
    ("--dataset", "moons", "must be one of mini_mnist, .* or a folder of pictures, .* that is there; got 'm"),
    ("--dataset", "file", "or a folder of pictures, a .csv or a .npz that is there; got 'file'"),
    ("--dataset", "nowhere.csv", "or a folder of pictures, a .csv or a .npz that is there; got 'nowhere.csv'"),
    ("--label", "class", "is for a .csv of your own, and --dataset is mini_mnist: leave it out"),
    ("--label", "", "must be a string"),
    ("--size", "0", "must be a whole number from 1 to"),
    ("--size", "8", "is for a folder of your own, and --dataset is mini_mnist: leave it out"),
    ("--colour", "red", "must be one of grey, rgb; got 'red'"),
    ("--model", "gan", "must be one of ae, .* map; got 'gan'"),
    ("--prior", "heart", "must be one of gaussian, .* categorical; got 'heart'"),
    ("--network", "", "must be one of mlp, conv; got ''"),
    ("--posterior", "x", "must be one of deterministic, "),
    ("--precision", "fp64", "must be one of fp32, tf32, bf16"),
    ("--device", "meta", "cannot be used here"),
    ("--device", "cpu:7", "cannot be used here"),
    ("--device", "[1]", "cannot be used here"),
    ("--device", "", "cannot be used here"),
    ("--out", "", "must be the name of a file or folder; got ''"),
    ("--out", "a\0b", "must be the name of a file or folder"),
    ("--out", "file", r"'file' cannot be written to \(File exists\)"),
    ("--out", "file/in", r"'file/in' cannot be written to"),
    ("--out", "/dev/null", r"'/dev/null' cannot be written to"),
    ("--out", "/dev/null/x", r"cannot be written to"),
    ("--out", "x" * 300, r"cannot be written to \(File name too long\)"),
    ("--data-dir", "", "must be the name of a file or folder"),
]  # fmt: skip
if Path("/proc/self").exists():
    WRONG.append(("--out", "/proc/x", "'/proc/x' cannot be written to"))


@pytest.mark.usefixtures("no_data")
@pytest.mark.parametrize(("option", "value", "words"), WRONG)
def test_a_wrong_option_of_train_is_named_before_anything_is_done(option, value, words, here):
    (here / "file").write_text("precious")
    length = () if option in ("--epochs", "--steps") else ("--steps", "2")
    code, said = told("train", *length, option, value)
    assert code == 2
    assert re.fullmatch(rf"aae_lib: {option}\b.*{words}.*\n", said), said
    assert len(said) < 450
    assert [path.name for path in here.iterdir()] == ["file"]
    assert (here / "file").read_text() == "precious"


@pytest.mark.usefixtures("no_data")
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("train", "--labels", "50", "--model", "vae"), "--labels .* --model vae cannot use a part"),
        (("train", "--labels", "50"), "--labels 50 needs a prior .* --prior gaussian has no classes: add --prior ring"),
        (("train", "--categories", "5"), "--categories .* --model aae has none"),
        (("train", "--prior", "ring", "--latent-dim", "3"), "--prior ring with --latent-dim 3: .* 2, not 3"),
        (("train", "--lr"), "--lr: expected one argument"),
        (("train", "--steps", "1", "--epochs", "1"), "--epochs: not allowed with argument --steps"),
        (("train", "--rate", "1"), "unrecognized arguments: --rate"),
        (("sample",), "required: run"),
        (("sample", ""), "run must be the name of a file or folder"),
        (("sample", "r", "--n", "0"), "--n must be a whole number from 1 to 10,?000; got 0"),
        (("sample", "r", "--n", "1000000000"), "--n must be a whole number from 1 to 10,?000"),
        (("sample", "r", "--seed", "1" + "0" * 30), "--seed must be a whole number"),
        (("sample", "r", "--out", "a\0b.png"), "--out must be the name of a picture"),
        (("sample", "r", "--out", "."), "--out must be the name of a picture"),
        (("sample", "r", "--out", "x.txt"), "--out must be the name of a picture, ending in .png or .* got 'x.txt'"),
        (("compare", "a\0b"), "runs must be the name of a file or folder"),
        (("reproduce", "nonsense"), "TASK: there is no task nonsense; there are semi-supervised-100, "),
        (("reproduce", "style", "--minutes", "nan"), "--minutes must be a finite number above 0; got nan"),
        (("reproduce", "style", "--minutes", "0"), "--minutes must be a finite number above 0; got 0"),
        (("reproduce", "style", "--seeds", "0"), "--seeds must be a whole number from 1 to 1,?000; got 0"),
        (("reproduce", "style", "--seeds", "1000000"), "--seeds must be a whole number from 1 to 1,?000"),
        (("reproduce", "style", "--steps", "-1"), "--steps must be a whole number"),
        (("reproduce", "style", "--size", "huge"), "--size must be one of small, full; got 'huge'"),
        (("reproduce", "style", "--device", "meta"), "--device meta: .* cannot be used here"),
        (("reproduce", "style", "--results", "/dev/null"), "--results: '/dev/null' cannot be written to"),
        (("reproduce", "style", "--runs", "/dev/null/x"), "--runs: '/dev/null/x' cannot be written to"),
        (("reset", "99"), "lesson: there is no lesson 99; there is 00, "),
        (("reset", ""), "lesson must be a string, not empty"),
        ((), "required: COMMAND"),
        (("fly",), "fly"),
    ],
)
def test_other_wrong_arguments_exit_2(arguments, words, here):
    code, said = told(*arguments)
    assert code == 2
    assert re.fullmatch(rf"aae_lib: .*{words}.*\n", said), said
    assert not list(here.iterdir())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--labels", "50", "--prior", "grid"), "--labels 50 needs .* 10 classes, .* grid has 16: take --prior ring"),
        (("--labels", "5", "--prior", "ring"), "--labels 5: .*5"),
        (("--batch-size", "5000"), "--batch-size 5000: batch_size .*1300"),
        (("--model", "vae", "--prior", "uniform"), "--model vae with --prior uniform: .* 0 at some z"),
        (("--model", "vae", "--posterior", "deterministic"), "--model vae .* posterior"),
        (("--model", "semi-supervised", "--labels", "50", "--categories", "5"), "--model semi-.* categories"),
    ],
)  # fmt: skip
def test_options_that_do_not_fit_each_other_or_the_data(arguments, words, here, monkeypatch):
    monkeypatch.setattr(aae.Trainer, "run", lambda *args, **kwargs: pytest.fail("trained"))
    code, said = told("train", *SMALL, *arguments)
    assert code == 2
    assert re.fullmatch(rf"aae_lib: {words}.*\n", said), said
    assert not list(here.iterdir())


def test_the_words_of_the_options_are_those_of_the_library():
    assert options.DATASETS == IMAGES
    assert set(build.PRIORS) == set(BY_NAME)


def test_epochs_that_make_no_step(here):
    code, said = told("train", "--hidden", "8", "--epochs", "1e-30")
    assert (code, said) == (2, "aae_lib: --epochs 1e-30 is less than one step: ask for more.\n")


def test_a_run_that_has_more_steps_than_are_asked_for_is_told(run, here):
    shutil.copytree(run, "more")
    before = (here / "more/checkpoint.json").read_bytes()
    trainer = aae.Trainer(aae.AAE((1, 8, 8), hidden=(8,)), aae.load("digits"))
    trainer.load("more", schedule=False)
    trainer.run(steps=4, folder="more", progress=False)
    after = (here / "more/checkpoint.json").read_bytes()
    assert after != before
    for length, words in (("--steps", "2"), ("--epochs", "0.2")):
        code, said = told("train", *SMALL[:2], "--hidden", "8", length, words, "--out", "more", "--resume")
        assert (code, said) == (2, f"aae_lib: {length} {words}: more has 5 steps behind it already: ask for more.\n")
    assert (here / "more/checkpoint.json").read_bytes() == after


@pytest.mark.parametrize("prior", ["ring", "swiss-roll"])
def test_a_style_in_the_plane_has_two_dimensions_without_being_told(prior):
    options = cli.parser().parse_args(["train", "--model", "semi-supervised", "--prior", prior])
    assert build.model_arguments(options)["latent_dim"] == 2
    options = cli.parser().parse_args(["train", "--model", "semi-supervised"])
    assert build.model_arguments(options)["latent_dim"] == 10


def test_more_threads_than_cores_are_mentioned(monkeypatch, capsys):
    monkeypatch.setattr(torch, "set_num_threads", lambda n: None)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    machine.use_threads(3)
    assert capsys.readouterr().err == "aae_lib: --threads 3 on 2 cores makes training slower, not faster.\n"


@pytest.mark.parametrize("place", ["nowhere", "file"])
def test_a_data_folder_of_the_environment_that_is_not_there_is_named(place, here, monkeypatch):
    (here / "file").write_text("precious")
    monkeypatch.setenv("AAE_DATA_DIR", place)
    code, said = told("train", *SMALL, "--dataset", "mnist")
    assert (code, said) == (
        1,
        f"aae_lib: AAE_DATA_DIR names {place}, which is not a folder: set it to another, or to nothing.\n",
    )


def test_a_matplotlib_backend_that_is_none_is_named(run, here):
    code = "import sys; from aae_lib import cli; sys.exit(cli.main(sys.argv[1:]))"
    environment = os.environ | {"MPLBACKEND": "nonsense"}
    ended = subprocess.run([sys.executable, "-c", code, "sample", run], env=environment, capture_output=True, text=True)
    assert ended.returncode == 2
    assert re.match(r"aae_lib: MPLBACKEND=nonsense: .*'nonsense' is not a valid value", ended.stderr)


def test_resume_without_a_run_says_that_it_starts_anew(here):
    code, said = told("train", *SMALL, "--resume", "--out", "new/run")
    assert code == 0
    assert said == "aae_lib: there is nothing to resume in new/run: the run starts at step 0.\n"
    assert not list(here.glob("**/*.part"))


# ---- runs and their files ----


def test_samples_are_written_where_out_says(run, here):
    (here / "pics").mkdir()
    code, said = told("sample", run, "--out", "pics")
    assert (code, said[:60]) == (2, "aae_lib: --out must be the name of a picture, ending in .png")
    assert [path.name for path in here.iterdir()] == ["pics"]
    assert told("sample", run, "--n", "4", "--out", "x") == (0, "")
    assert (here / "x").read_bytes().startswith(b"\x89PNG")
    assert told("sample", run, "--n", "4", "--out", "new/y.pdf") == (0, "")
    assert (here / "new/y.pdf").read_bytes().startswith(b"%PDF")
    for place in ("/dev/null", "/dev/null/x.png", "x" * 300 + ".png"):
        code, said = told("sample", run, "--n", "4", "--out", place)
        assert code == 2
        assert re.fullmatch(r"aae_lib: --out.*\n", said), said
    assert not Path("/dev/null").is_file()


def test_a_run_that_is_not_there_or_damaged_is_named(run, here):
    for command in ("sample", "compare"):
        code, said = told(command, "nowhere")
        assert code == 1
        assert re.fullmatch(r"aae_lib: .*nowhere.*\n", said), said
    (here / "odd").mkdir()
    for content in ("", "[]", "{}", "nonsense", '{"format": 2}', "\0"):
        (here / "odd/checkpoint.json").write_text(content)
        for arguments in (("sample", "odd"), ("compare", "odd"), ("train", *SMALL, "--out", "odd", "--resume")):
            code, said = told(*arguments)
            assert code == 1, (content, arguments)
            assert re.fullmatch(r"aae_lib: .*odd/checkpoint.json.*\n", said), said


def test_a_run_on_data_of_ones_own_is_measured_in_python(here):
    data = aae.load("digits")
    inverted = Split(255 - data.train.images, data.train.labels)
    split = data.train
    for name, own in {
        "split": split,
        "tiny": Dataset("tiny", data.train, data.validation, data.test, data.image_shape, 10),
        "digits": Dataset("digits", inverted, data.validation, data.test, data.image_shape, 10),
    }.items():
        aae.Trainer(aae.AAE(data.image_shape, hidden=(8,)), own).run(steps=1, folder=name, progress=False)
        code, said = told("compare", name)
        assert code == 1
        assert re.fullmatch(
            rf"aae_lib: {name} was trained on data of your own, .* aae.metrics.compare\(.*{name}.*, data\)\.\n", said
        ), said


@pytest.mark.parametrize("content", ["", "[]", "{}", "nonsense", '{"small": []}', '{"small": {}}', "\0", "[" * 10**5])
@pytest.mark.usefixtures("no_data")
def test_foreign_results_are_named_and_nothing_is_trained(content, here):
    (here / "results").mkdir()
    (here / "results/style.json").write_text(content)
    for task in ("style", "likelihood"):  # the table is made of all files
        code, said = told("reproduce", task, "--resume", "--minutes", "0.001")
        assert code == 1
        assert said.startswith("aae_lib: results/style.json is damaged, or was not written by"), said
    assert [path.name for path in here.glob("**/*") if path.is_file()] == ["style.json"]
    assert (here / "results/style.json").read_text() == content


def test_stored_results_are_taken():
    assert set(reproduce.stored(ROOT / "results")) <= set(TASKS)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"size": "huge"}, "reproduce: size must be one of small, full; got 'huge'"),
        ({"seeds": 0}, "reproduce: seeds must be"),
        ({"seconds": float("nan")}, "reproduce: seconds must be"),
        ({"results": ""}, "reproduce: results must be the name"),
        ({"task": "style"}, "reproduce: task must be a Task, such as"),
        ({"data": "mnist"}, "reproduce: data must be a Dataset"),
        ({"together": 1}, "reproduce: together must be True or False"),
    ],
)
def test_reproduce_in_python(options, words, digits, here):
    right = {"task": TASKS["style"], "size": "small", "seeds": 1, "data": digits, "results": "r", "runs": "s"}
    with pytest.raises(ValueError, match=words):
        reproduce.reproduce(**right | options)
    with pytest.raises(ValueError, match="alone must be one of reconstruction"):
        reproduce.prepare(TASKS["style"].small, 0, digits, alone="nothing")
    assert not list(here.iterdir())


# ---- the machine ----


@pytest.mark.parametrize("device", ["meta", "cpu:7", "", "abacus", None, 0, ["cpu"], torch.device("meta"), b"cpu", 1.5])
def test_a_device_that_cannot_train_is_refused(device, monkeypatch):
    with pytest.raises(ValueError, match=r'^device .* cannot be used here \(.*\): device="auto" takes what'):
        devices.find_device(device)
    if isinstance(device, str) and device:
        monkeypatch.setenv("AAE_DEVICE", device)
        with pytest.raises(ValueError, match=f"device '{device}' cannot be used here .*AAE_DEVICE asks for it"):
            devices.find_device()


def test_the_processor_has_one_name():
    assert devices.find_device("cpu:0") == devices.find_device(torch.device("cpu")) == torch.device("cpu")


@pytest.mark.parametrize("precision", [None, "fp64", 32, ["fp32"]])
def test_an_unknown_precision(precision):
    with pytest.raises(ValueError, match="precision must be one of fp32, tf32, bf16; got "):
        devices.check_precision(precision, torch.device("cpu"))


@pytest.mark.parametrize(
    ("variables", "name"),
    [
        ({"WORLD_SIZE": "x"}, "WORLD_SIZE"),
        ({"WORLD_SIZE": "0"}, "WORLD_SIZE"),
        ({"WORLD_SIZE": ""}, "WORLD_SIZE"),
        ({"WORLD_SIZE": "2"}, "RANK"),
        ({"WORLD_SIZE": "2", "RANK": "2"}, "RANK"),
        ({"WORLD_SIZE": "2", "RANK": "0"}, "MASTER_PORT"),
        ({"WORLD_SIZE": "2", "RANK": "0", "MASTER_PORT": "x"}, "MASTER_PORT"),
    ],
)
def test_variables_of_torchrun_are_named(variables, name, monkeypatch, here):
    for each in ("WORLD_SIZE", "RANK", "MASTER_PORT", "MASTER_ADDR"):
        monkeypatch.delenv(each, raising=False)
    for each, value in variables.items():
        monkeypatch.setenv(each, value)
    code, said = told("train", *SMALL)
    assert code == 1
    assert re.fullmatch(rf"aae_lib: the environment variable {name} must be a whole number .*torchrun.*\n", said), said
    assert not list(here.iterdir())


def test_a_restart_count_that_is_no_number(monkeypatch):
    monkeypatch.setenv("TORCHELASTIC_RESTART_COUNT", "x")
    with pytest.raises(ValueError, match="the environment variable TORCHELASTIC_RESTART_COUNT must be a whole number"):
        processes.restarted()


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried"), "not enough memory"),
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 9 GiB.\nmore"), "not enough memory"),
        (MemoryError(), "not enough memory"),
        (RuntimeError("CUDA error: device-side assert triggered\nmore"), "the device has failed"),
    ],
)
def test_a_machine_that_fails_is_told_in_a_sentence(error, words, monkeypatch):
    def fails(options):
        raise error

    monkeypatch.setattr(train, "run", fails)
    code, said = told("train")
    assert code == 1
    assert re.fullmatch(rf"aae_lib: .*{words}.*\n", said), said


def test_a_mistake_of_the_library_is_not_hidden(monkeypatch):
    def fails(options):
        raise RuntimeError("a mistake")

    monkeypatch.setattr(train, "run", fails)
    with pytest.raises(RuntimeError, match="a mistake"):
        told("train")


def test_more_threads_than_can_be_started(monkeypatch):
    class Thread:
        def __init__(self, **options):
            pass

        def start(self):
            raise RuntimeError("can't start new thread")

    monkeypatch.setattr("threading.Thread", Thread)
    code, said = told("train", *SMALL, "--threads", "100")
    assert (code, said) == (2, "aae_lib: --threads must be fewer: 100 of them cannot be started here.\n")


def test_what_a_run_writes_is_whole_or_not_there(here, monkeypatch):
    def stopped_at_pictures(part, place):
        if Path(place).suffix == ".png":
            raise KeyboardInterrupt
        rename(part, place)

    rename = os.rename
    monkeypatch.setattr("aae_lib.files.os.replace", stopped_at_pictures)
    assert told("train", *SMALL, "--out", "run")[0] == 130
    assert not list(here.glob("run/*.png"))
    assert not list(here.glob("run/*.part"))
    assert len((here / "run/history.csv").read_text().splitlines()) == 3
    assert "reconstruction" in json.loads((here / "run/figures.json").read_text())


def test_a_real_process_says_one_line(here):
    done = subprocess.run(
        [sys.executable, "-m", "aae_lib", "train", "--lr", "nan"],
        capture_output=True, text=True, env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stdout == ""
    assert re.fullmatch(r"aae_lib: --lr must be a finite number above 0 and at most 1,?000; got nan\.\n", done.stderr)


def test_a_runs_own_pictures_never_become_data(tmp_path, capsys, monkeypatch):
    for kind in ("a", "b"):
        (tmp_path / kind).mkdir()
        for i in range(10):
            Image.new("L", (8, 8), 20 * i).save(tmp_path / kind / f"{i}.png")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit):
        cli.main(["train", "--dataset", ".", "--size", "8", "--steps", "2"])
    assert "lies in ., and the run's pictures would be taken for data" in capsys.readouterr().err
    assert not (tmp_path / "runs").exists()
