"""Wrong arguments, messages and servers for lessons, panel, pad and downloads: one sentence, and nothing is ended."""

import gzip
import json
import re
import threading
import time
import tracemalloc
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

import aae_lib as aae
from aae_lib.course import borrow, check, claim, doctor, poster, predict, questions, quiz, ward, workspace
from aae_lib.course.ward import illnesses, stored
from aae_lib.data import Split, glyphs, loading, mnist, toys
from aae_lib.live import Compare, Pad, Panel
from aae_lib.live.pad import drawn_prior, paint
from aae_lib.live.wishes import WISHES, looked_at
from tests.conftest import serving

NAN, INF = float("nan"), float("inf")
DIGITS = aae.load("digits")
DOT = {"width": 1.0, "points": [[0.0, 0.0]]}


def told(call, pattern, kind=ValueError):
    """The one sentence that comes out."""
    with pytest.raises(kind) as raised:
        call()
    said = str(raised.value)
    assert type(raised.value) in (kind, *kind.__subclasses__())
    assert re.search(pattern, said), said
    assert len(said) < 700


class Unreadable(Exception):  # noqa: N818
    def __str__(self):
        raise ValueError("no text")

    __repr__ = __str__


# ---- load, glyphs ----

FACTORS = pd.DataFrame([{"class": 3, "slant": 0.0, "size": 0.5, "weight": 0.5, "font": "DejaVuSans"}])
GENERATOR = torch.Generator().manual_seed(0)
LOADS = [
    (lambda: aae.load(["digits"]), r"^load: name must be one of mini_mnist, .* checkerboard; got \['digits'\]\.$"),
    (lambda: aae.load(None), "name must be one of"),
    (lambda: aae.load("Digits"), "name must be one of"),
    *[(lambda n=n: aae.load("glyphs", n=n), "^load: n must be a whole number from 100 to 100,000; got ")
      for n in (None, "1000", NAN, INF, 100.5, 99, -1, 10**9, True, [1000], np.zeros(2))],
    *[(lambda f=f: aae.load("mnist", folder=f), "^load: folder must be the name of a file or folder; got ")
      for f in (5, type(None), "", " ", b"data", ["data"], "a\0b", NAN)],
    *[(lambda f=f: f(["mnist"]), "name must be one of mnist, fashion_mnist; got")
      for f in (mnist.read, mnist.find_local, mnist.download)],
    (lambda: mnist.find_local("mnist", 5), "folder must be the name"),
    (lambda: aae.load("mnist", folder="~nosuchuser/data"), r"^folder is '~nosuchuser/data', and no such home folder"),
    (lambda: glyphs.sample_factors("3", GENERATOR), "n must be a whole number from 0"),
    (lambda: glyphs.sample_factors(10**9, GENERATOR), "n must be a whole number from 0"),
    (lambda: glyphs.sample_factors(3, 0), "generator must be a random generator on the CPU"),
    *[(lambda f=f: glyphs.draw(f), "factors must be a table") for f in (None, 5, {"class": [1]}, [FACTORS])],
    (lambda: glyphs.draw(FACTORS[["class"]]), "lacks slant, size, weight, font"),
    *[(lambda c=c: glyphs.draw(FACTORS.assign(**{"class": [c]})), "class holds .*; it must be one of 0, 1")
      for c in ("x", None, [1], NAN, -1)],
    (lambda: glyphs.draw(FACTORS.assign(font=[7])), "font holds 7; it must be one of DejaVuSans"),
    *[(lambda s=s: glyphs.draw(FACTORS.assign(slant=[s])), "slant must lie between -25 and 25")
      for s in ("x", None, [1.0], NAN, INF, 1e9)],
]  # fmt: skip


@pytest.mark.parametrize(("call", "pattern"), LOADS)
def test_what_cannot_be_loaded_or_drawn(call, pattern):
    told(call, pattern)


def test_numbers_of_every_make_load_the_same(monkeypatch, tmp_path):
    few = aae.load("glyphs", n=100)
    for n in (100.0, np.int64(100), torch.tensor(100)):
        assert torch.equal(aae.load("glyphs", n=n).train.images, few.train.images)
    assert len(aae.load("digits", folder=tmp_path).train) == 1300  # a folder that it does not need
    assert aae.load(np.str_("moons")).name == "moons"
    assert torch.equal(glyphs.draw(FACTORS.astype({"slant": str})), glyphs.draw(FACTORS))
    assert {*loading.IMAGES, *toys.TOYS} == set(re.findall(r"\w+(?=[,;])", "".join(_names())))


def _names():
    try:
        aae.load("none")
    except ValueError as error:
        yield str(error).partition("one of ")[2]


# ---- claims, predictions, quizzes, checks ----

OK = r"^claim: ok must be True or False, .*; got "
RING = aae.pretrained.load("ring")
CHOICES = "choices must be a list of two or more different texts"
LESSONS = [
    *[(lambda ok=ok: claim("x", ok), OK)
      for ok in (NAN, "no", "", None, 1, 0, 1.0, [True], (), np.array([]), np.ones(2, bool), np.array(1.0),
                 torch.ones(2, dtype=torch.bool), torch.tensor(1.0), torch.tensor(NAN), pd.DataFrame({"a": [True]}),
                 object(), bool, Unreadable())],
    (lambda: claim(5, True), "text must be a string"),
    (lambda: claim("", True), "text must be a string"),
    *[(lambda c=c: predict("q", c), CHOICES)
      for c in (None, [], "abc", ["one"], ["a", "a"], [1, 2], ["a", None], {"a", "b"}, {"a": 1, "b": 2}, 5, ["a", ""],
                iter("ab"))],
    (lambda: predict(None, ["a", "b"]), "question must be a string"),
    *[(lambda c=c: predict("q", ["a", "b"]).lock(c), "choose one of: A: a; B: b")
      for c in (None, 5, ["a"], np.zeros(2), "C", "", "ab")],
    (lambda: predict("q", ["a", "b"]).outcome("it fell", answer="c"), "choose one of: A: a; B: b"),
    *[(lambda n=n: poster(RING, n), "poster: number must be a text of up to ten characters")
      for n in (None, 5, "", "/", "two", "12345678901", "１２")],
    *[(lambda n=n: aae.reset(n), r"lesson must be a number such as|there is no lesson .*; there is 00, 01")
      for n in (None, 2.5, True, "", "77", "../00", -1)],
    *[(lambda n=n: quiz(n), r"^quiz: number must be one of 00, 01, .*; got ")
      for n in ("../ward/results", "77", "", -4, 4.5, "4", "04.json", None, ["04"], "/etc/passwd")],
    *[(lambda n=n: check(n, len), "there is no task") for n in ("04.99", "../x.1", "4", NAN, -1)],
    *[(lambda n=n: borrow(n), "there is no task|the number of a task comes") for n in ("04.99", None, len, b"4.1")],
]  # fmt: skip


@pytest.mark.parametrize(("call", "pattern"), LESSONS)
def test_what_a_lesson_cannot_take(call, pattern, capsys):
    told(call, pattern)
    assert "✓" not in capsys.readouterr().out


def test_every_true_is_a_tick_and_anything_may_be_got(capsys, monkeypatch):
    monkeypatch.delenv("AAE_STRICT", raising=False)
    true = (True, np.bool_(True), np.array(True), torch.tensor(True), torch.ones(1) > 0)
    for ok in true:
        claim("x", ok)
    assert capsys.readouterr().out == "✓ x\n" * len(true)
    for got in (np.zeros(2), pd.DataFrame({"a": [1]}), torch.zeros(2), None, 0):
        claim("x", True, got)
        assert capsys.readouterr().out.startswith("✓ x  (")
    for ok in (False, np.bool_(False), torch.tensor(False)):
        claim("x", ok)
        assert "✗ not this time" in capsys.readouterr().out
    assert predict("q", ("a", np.str_("b"))).choices == ["a", "b"]


def stops(*_):
    raise SystemExit("bye")


def fails(*_):
    raise Unreadable


@pytest.mark.parametrize("number", ["02.1", "04.1", "06.1"])
@pytest.mark.parametrize(("answer", "words"), [(stops, "stops the whole program"), (fails, "raised Unreadable")])
def test_an_answer_that_ends_the_program_or_has_no_words_is_judged(number, answer, words):
    verdict = check(number, answer)
    assert verdict.right is False
    assert words in verdict.sentence


# ---- the ward, the workspace, the doctor ----

WARD = [
    (lambda: ward.fall_ill("flu"), "^fall_ill: illness must be one of healthy, "),
    (lambda: ward.fall_ill(["healthy"]), "^fall_ill: illness must be one of healthy, "),
    (lambda: ward.fall_ill("healthy", cure=5), "cure must be one of r1"),
    (lambda: ward.fall_ill("healthy", cure="rates"), "the cure 'rates' is for winner and rate, and changes nothing"),
    (lambda: ward.fall_ill("winner", cure="phase"), "the cure 'phase' is for collapse and forgotten"),
    *[(lambda o=o: ward.fall_ill("saturating", **o), "'saturating' is played by points in the plane: leave data")
      for o in ({"data": DIGITS}, {"prior": aae.priors.GaussianRing()}, {"cure": "batch"}, {"cure": "norm"})],
    *[(lambda s=s: ward.fall_ill("healthy", seed=s), "seed must be a whole number") for s in ("x", -1, 0.5, NAN, None)],
    (lambda: ward.fall_ill("healthy", data=DIGITS.train), "data must be a Dataset"),
    *[(lambda p=p: ward.admit(p), "patient must be one of A, B, C, D, E, F, G") for p in ("H", 5, ["A"], "")],
    (lambda: ward.admit("A", seed="x"), "seed must be a whole number"),
    (lambda: ward.admit("A", data="digits"), "data must be a Dataset"),
    (lambda: ward.diff(None), "patient must be one of A, B, C, D, E, F, G"),
    (lambda: illnesses.plane(0, r1=-1), "r1 must be a finite number of at least 0"),
    (lambda: stored.player_free(seed="x"), "seed must be a whole number"),
    (lambda: stored.player_free(data=5), "data must be a Dataset"),
    *[(lambda s=s: ward.examine(TRAINER, steps=s), "^examine: steps must be a whole number of at least 20; got ")
      for s in (5, 19, "x", NAN, 25.5, None)],
    (lambda: ward.examine(5), "trainer must be a Trainer"),
    (lambda: ward.examine(trainer(DIGITS.train)), "trainer must be one of a Dataset with validation images"),
    (lambda: ward.held(torch.zeros(3, 2), torch.zeros(20, 2)), "reference with more than 20 rows"),
    *[(lambda z=z: ward.held(z, torch.zeros(30, 2)), "held: z and reference must be tensors")
      for z in (torch.zeros(3), torch.zeros(3, 5), None, [[0.0, 0.0]], 5)],
    (lambda: ward.held(torch.zeros(3, 2), torch.zeros(30, 2), cells=0), "cells must be a whole number"),
]  # fmt: skip


def trainer(data=DIGITS, model=aae.AAE, **options):
    return aae.Trainer(model(DIGITS.image_shape, hidden=(8,), seed=0, **options), data, seed=0, device="cpu")


TRAINER = trainer()


@pytest.mark.parametrize(("call", "pattern"), WARD)
def test_what_the_ward_cannot_take(call, pattern):
    told(call, pattern)
    assert TRAINER.steps == 0  # not one step


def test_a_damaged_lesson_is_named(tmp_path):
    work = tmp_path / "work"
    (tmp_path / "notebooks").mkdir()
    (work / "exercises").mkdir(parents=True)
    (work / "03_x.ipynb").write_text("mine")
    for content in (b'{"a', b"[]", b'{"cells": 5}', b"\xff"):
        (tmp_path / "notebooks" / "03_x.ipynb").write_bytes(content)
        for call in (
            lambda: workspace.renew(tmp_path, work, "03"),
            lambda: workspace.copy_missing(tmp_path, tmp_path / "new"),
        ):
            told(call, r"03_x\.ipynb is damaged, no notebook: get it anew, with git checkout")
    for number in ("", " ", "..", "4", None, "é"):
        told(lambda number=number: workspace.renew(tmp_path, work, number), "there is no lesson .*; there is 03")
    assert not list(tmp_path.rglob("*.part"))


@pytest.mark.parametrize("name", ["AAE_DATA_DIR", "AAE_CACHE_DIR"])
def test_a_home_that_nobody_has_is_a_sentence(monkeypatch, name):
    monkeypatch.delenv("AAE_DATA_DIR", raising=False)
    monkeypatch.setenv(name, "~nosuchuser/data")
    words = f"^{name} is '~nosuchuser/data', and no such home folder is known here: write the whole path"
    told(lambda: aae.load("mnist"), words)
    told(lambda: mnist.find_local("mnist"), words)
    found = doctor.mnist()
    assert found.state == "fault"
    assert re.search(words, found.found)
    assert "unset" in found.cure


def test_a_folder_that_may_not_be_looked_into_is_named(monkeypatch, tmp_path):
    def closed(self):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "is_file", closed)
    told(lambda: mnist.find_local("mnist", tmp_path), f"^{tmp_path} cannot be read .Permission denied.")


# ---- downloads ----

SHAPES = {"train-images-idx3-ubyte": (20, 28, 28), "train-labels-idx1-ubyte": (20,)}


class Server(ThreadingHTTPServer):
    """Misbehaves as the first part of the address says: /endless/mnist/..."""

    daemon_threads = True
    block_on_close = False

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked, self.over = [], threading.Event()
        self.url = f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked.append(self.path)
        how = self.path.split("/")[1]
        with suppress(OSError):  # the other side has enough
            self.answer(how)

    def answer(self, how):
        if how == "silent":
            self.server.over.wait(5)
        elif how == "head":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nX: ")
            self.drip()
        elif how == "endless":
            self.head()
            while not self.server.over.is_set():
                self.wfile.write(b"x" * 2**16)
        elif how == "slow":
            self.head()
            self.drip()
        elif how == "huge":
            self.head(("Content-Length", str(10**12)))
        elif how == "odd":
            self.head(("Content-Length", "many"))
            self.wfile.write(b"x")
        else:
            body = BODIES[how]
            encoded = [("Content-Encoding", "gzip")] if how == "encoded" else []
            self.head(("Content-Length", str(len(body))), *encoded)
            self.wfile.write(body)

    def head(self, *headers):
        self.send_response(200)
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()

    def drip(self):
        while not self.server.over.wait(0.02):
            self.wfile.write(b"x")

    def log_message(self, *_):
        pass


BODIES = {"bomb": gzip.compress(bytes(30_000_000)), "encoded": gzip.compress(bytes(30_000_000)), "good": b"content"}


@pytest.fixture
def server():
    with serving(Server()) as server:
        yield server
        server.over.set()


@pytest.fixture(autouse=True)
def sealed(monkeypatch, tmp_path):
    """No proxy, no public mirror, no cache but this, little patience, no waiting between attempts."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY", "AAE_DATA_MIRROR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AAE_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(mnist, "MIRRORS", {"mnist": (), "fashion_mnist": ()})
    monkeypatch.setattr(mnist, "FILES", SHAPES)
    monkeypatch.setattr(mnist, "PATIENCE", 60.0)  # for a busy machine; tests of slow servers have less
    monkeypatch.setattr(mnist, "LEAST_RATE", 10**6)
    monkeypatch.setattr("pooch.core.time.sleep", lambda seconds: None)


LARGE = r"the server sends more than [\d,]+ bytes, the most that this file can have"
SLOW = r"only [\d,]+ bytes came in \d\.\d seconds, fewer than 1,000,000 a second"
SERVERS = {
    "endless": LARGE,
    "huge": LARGE,
    "slow": SLOW,
    "head": SLOW,
    "silent": r"nothing came for 0\.2 seconds",
    "odd": r"train-images-idx3-ubyte\.gz is truncated, damaged or another file",
    "bomb": r"train-images-idx3-ubyte\.gz holds more than 15,696 bytes once unpacked",
    "encoded": r"train-images-idx3-ubyte\.gz holds more than 15,696 bytes once unpacked",
}


@pytest.mark.parametrize("how", SERVERS)
def test_a_server_cannot_send_too_much_or_too_slowly(server, monkeypatch, tmp_path, how):
    if SERVERS[how] == SLOW:  # it sends a byte now and then, more often than half the patience even when busy
        monkeypatch.setattr(mnist, "PATIENCE", 4.0)
    if how == "silent":
        monkeypatch.setattr(mnist, "PATIENCE", 0.4)
    monkeypatch.delenv("AAE_DATA_DIR", raising=False)
    monkeypatch.setenv("AAE_DATA_MIRROR", f"{server.url}/{how}")
    tracemalloc.start()
    with pytest.raises(mnist.DataNotFoundError) as raised:
        mnist.download("mnist")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    where = f"{server.url}/{how}/mnist/train-images-idx3-ubyte.gz: "
    assert re.search(re.escape(where) + SERVERS[how], str(raised.value)), raised.value
    assert peak < 12e6
    again = how in ("odd", "bomb", "encoded", "silent")  # what may be an accident
    assert again or len(server.asked) == 1
    assert not [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]


def test_what_is_right_arrives(server, tmp_path):
    mnist._fetch(f"{server.url}/good", tmp_path / "a", 7, 0.9, 10**6)
    assert (tmp_path / "a").read_bytes() == b"content"
    with pytest.raises(mnist._RefusedError, match="more than 6 bytes"):
        mnist._fetch(f"{server.url}/good", tmp_path / "a", 6, 0.9, 10**6)


@pytest.mark.parametrize("mirror", ["x", "ftp://x", "file:///etc", "127.0.0.1:1"])
def test_a_mirror_that_is_no_address_is_told(monkeypatch, mirror):
    monkeypatch.setenv("AAE_DATA_MIRROR", mirror)
    told(lambda: mnist.download("mnist"), f"^AAE_DATA_MIRROR must be an address .*; got '{mirror}'")


@pytest.mark.parametrize(
    ("content", "words"),
    [(BODIES["bomb"], "holds more than"), (bytes(10**6), "has more than"), (b"\x1f\x8b" + bytes(99), "damaged")],
)
def test_a_file_on_this_machine_is_no_bomb_either(tmp_path, content, words):
    for file in SHAPES:
        (tmp_path / f"{file}.gz").write_bytes(content)
    told(lambda: aae.load("mnist", folder=tmp_path), f"train-images-idx3-ubyte.gz .*{words}|{words}")


# ---- panel ----

BIG = Split(torch.zeros(3, 1, 9, 9, dtype=torch.uint8), torch.zeros(3, dtype=torch.int64))
EMPTY = DIGITS.test.take(torch.zeros(0, dtype=torch.int64))
NAMES = "names must be two names"
PANELS = [
    *[(lambda m=m: Panel(TRAINER, max_steps=m), "^Panel: max_steps must be a whole number of at least 1; got ")
      for m in ("x", NAN, None, INF, 0, -1, 2.5, True, [1])],
    *[(lambda s=s: Panel(TRAINER, show=s), "^Panel: show must be a Split")
      for s in (5, DIGITS, DIGITS.test.images, "test", Split)],
    *[(lambda s=s: Panel(TRAINER, show=s), r"^show must be a Split of one image or more, of shape \(1, 8, 8\)")
      for s in (BIG, EMPTY)],
    *[(lambda v=v: Panel(TRAINER, view=v), "view must be one of all, tug, plane") for v in ("3d", None, 5, ["all"])],
    *[(lambda h=h: Panel(TRAINER, headless_steps=h), "headless_steps must be a whole number") for h in (-1, "x", None)],
    *[(lambda on=on: Panel(TRAINER, large=on), "large must be True or False") for on in (None, 1, "yes")],
    *[(lambda t=t: Panel(t), "trainer must be a Trainer, such as") for t in (None, 5, TRAINER.model, aae.Trainer)],
    *[(lambda n=n: Compare(TRAINER, trainer(), names=n), f"^Compare: {NAMES}")
      for n in (5, "ab", ["a", "b", "c"], ["a"], [None, 5], {"a", "b"}, ["", "b"], iter("ab"), TRAINER)],
    (lambda: Compare(TRAINER, TRAINER), "one and the same"),
    (lambda: Compare(TRAINER, None), "b must be a Trainer"),
    (lambda: Compare(None, TRAINER), "a must be a Trainer"),
    (lambda: Compare(TRAINER, trainer(), max_steps="x"), "max_steps must be a whole number"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "pattern"), PANELS)
def test_a_panel_that_cannot_be(call, pattern):
    told(call, pattern)
    assert TRAINER.lock.owner is None


@pytest.mark.parametrize("ended", ["stop", "close"])
def test_a_panel_that_has_ended_says_so(ended):
    panel = Panel(trainer())
    getattr(panel, ended)()
    for call in (panel.play, panel.step, panel.fork, panel.reset, panel.slow):
        with pytest.raises(RuntimeError, match=r"this panel was closed .*, or stopped: run its cell again"):
            call()
    panel.stop()
    panel.close()


class Page:
    """A stand-in for the widget."""

    def __init__(self, panel):
        self.panel, self.spec, self.said = panel, {}, []
        panel._widget = self

    def send(self, content, _buffers=()):
        if content["kind"] == "say":
            self.said.append(content["text"])

    def close(self):
        pass

    def do(self, message):
        """Returns the sentences that the message has brought."""
        before = len(self.said)
        self.panel._heard(self, message, [])
        self.panel._do("wake")  # returns when all requests before it are served
        return self.said[before:]


@pytest.fixture
def opened():
    panels = []

    def build(*trainers, **options):
        panel = (Panel if len(trainers) == 1 else Compare)(*trainers, max_steps=10**6, **options)
        panels.append(panel)
        return panel, Page(panel)

    yield build
    for panel in panels:
        panel.close()


RELOAD = "the panel does not know .*: reload the page"
KEY = ["weights", "generator"]
MESSAGES = [
    *[(m, RELOAD) for m in (None, [], "play", 5, {}, {"do": None}, {"do": ["play"]}, {"do": "join_lanes"}, {"do": 5},
                            {"do": "set_prior", "prior": 5, "failed": []}, {"do": "measure"}, {"do": "wake"},
                            {"do": "tell", "text": "x"}, {"do": "old"}, {"do": "\ud800"}, {"do": "x" * 10**5})],
    ({"do": "seen"}, "seen: n must be"),
    ({"do": "slow"}, "slow: on must be True or False"),
    ({"do": "slow", "on": "yes"}, "slow: on must be True or False"),
    ({"do": "set"}, "set: run must be"),
    ({"do": "set", "run": 7, "key": KEY, "value": 1}, "there is no run 8 here any more"),
    ({"do": "set", "run": -1, "key": KEY, "value": 1}, "run must be a whole number of at least 0"),
    ({"do": "set", "run": "0", "key": KEY, "value": 1}, "run must be a whole number of at least 0"),
    *[({"do": "set", "run": 0, "key": k, "value": 1}, "there is no|key must be a list")
      for k in (None, [], "rate", [5], [None], ["weights"], ["weights", "nobody"], [[]], {"a": 1}, ["rate"] * 99,
                ["terms", "generator", "x"], ["terms", "x", "y"], ["__class__"])],
    *[({"do": "set", "run": 0, "key": KEY, "value": v}, "value must be a finite number|generator")
      for v in (None, "1", NAN, INF, -1, True, [1], {})],
    *[({"do": "tug", "run": 0, "value": v}, "tug: value must be a finite number from 0 to 1")
      for v in (None, -1, 2, NAN, "x")],
    *[({"do": "prior", "name": n}, "name must be|gaussian") for n in (None, 5, "", "star", ["ring"])],
    *[({"do": "draw", "strokes": s}, "strokes must be a list|is not a stroke|nothing is drawn|has 10,001 points")
      for s in (None, 5, "x", {}, [5], [None], [{}], [], [DOT, {"width": NAN, "points": [[0, 0]]}], [DOT] * 10_001,
                [{"width": 1, "points": [[0, 0]] * 10_001}])],
    *[({"do": "scrub", "at": a}, "at must be a whole number of at least 0") for a in (None, -1, "x", NAN, 1.5)],
    *[({"do": "point", "run": 0, "x": x, "y": 0.0}, "x must be a finite number") for x in (None, "x", NAN, INF, [])],
    ({"do": "point", "run": "0", "x": 0, "y": 0}, "run must be a whole number"),
    *[({"do": "overlay", "name": n, "on": True}, "overlay: name must be one of") for n in (None, "x", 5, [])],
    ({"do": "overlay", "name": "surface", "on": None}, "on must be True or False"),
    ({"do": "overlay", "name": "predicted", "on": True}, "there is no layer 'predicted' here"),
    *[({"do": "axes", "run": 0, "choice": c}, "no plane|choice must be a whole") for c in (0, 99, -1, None, "x")],
]  # fmt: skip
IGNORED = [{"do": "point", "run": 1, "x": 0.0, "y": 0.0}, {"do": "point"}, {"do": "point", "run": None, "x": "x"}]


def test_a_playing_panel_hears_anything_and_plays_on_as_if_nothing_had_been_said(opened):
    panel, page = opened(trainer())
    chosen, prior = panel.trainer.chosen(), panel.trainer.model.prior
    panel.play()
    wrong = []
    for message, pattern in MESSAGES:
        said = page.do(message)
        if len(said) != 1 or not re.search(pattern, said[0]) or len(said[0]) > 250 or panel.status != "playing":
            wrong.append((message, said, panel.status))
    assert not wrong
    for message in IGNORED:
        assert page.do(message) == []
    assert panel.trainer.chosen() == chosen
    assert panel.trainer.model.prior is prior
    panel.pause()
    steps = panel.trainer.steps
    assert steps > 0
    assert panel.thread.is_alive()
    alone = trainer()
    alone.run(steps=steps, progress=False)
    for name, value in panel.trainer.model.state_dict().items():
        assert torch.equal(value, alone.model.state_dict()[name]), name


def test_a_click_into_a_run_that_is_gone_ends_nothing(opened):
    panel, page = opened(trainer())
    panel.play()
    time.sleep(0.1)
    panel.fork()
    panel.play()
    for message in ({"do": "join_lanes"}, {"do": "join_runs"}):  # an old page's word, and today's
        panel._heard(page, message, [])
        panel._heard(page, {"do": "point", "run": 1, "x": 0.0, "y": 0.0}, [])
        panel._heard(page, {"do": "point", "lane": 1, "x": 0.0, "y": 0.0}, [])
    panel._do("wake")
    assert page.said == ["the panel does not know 'join_lanes': reload the page."]
    assert page.do({"do": "set", "run": 1, "key": KEY, "value": 1}) == ["there is no run 2 here any more."]
    assert page.do({"do": "axes", "run": 1, "choice": 0}) == ["there is no run 2 here any more."]
    steps, end = panel.trainer.steps, time.monotonic() + 20
    while panel.trainer.steps == steps and time.monotonic() < end:
        time.sleep(0.01)
    assert panel.training.trace == ""
    assert panel.status == "playing"
    assert panel.trainer.steps > steps


def test_no_tug_and_no_planes_where_there_are_none(opened):
    panel, page = opened(trainer(model=aae.VAE))
    before = panel.trainer.chosen()
    assert "no tug of war" in page.do({"do": "tug", "run": 0, "value": 0.5})[0]
    assert panel.trainer.chosen() == before
    panel, page = opened(trainer(latent_dim=3))
    panel._spec()
    assert page.do({"do": "axes", "run": 0, "choice": 1}) == []
    assert "no plane 10" in page.do({"do": "axes", "run": 0, "choice": 9})[0]


@pytest.mark.parametrize(
    "wrong", [lambda p: p.slow("x"), lambda p: p.slow(None), lambda p: p.join("x"), lambda p: p.join(-1)]
)
def test_wrong_arguments_of_its_methods(opened, wrong):
    panel, _ = opened(trainer())
    told(lambda: wrong(panel), "^(slow: on must be True or False|join: timeout must be a finite number of at least 0)")
    assert panel.thread.is_alive()


def test_a_loss_that_ends_the_program_or_a_page_that_breaks_does_not_end_the_thread(opened):
    model = aae.AAE(DIGITS.image_shape, hidden=(8,), seed=0)
    panel, page = opened(aae.Trainer(model, DIGITS, seed=0, device="cpu", losses={"generator": stops}))
    panel.play()
    told(lambda: panel.join(20), "a function stops the whole program", RuntimeError)
    assert panel.status == "failed"

    def broken(*_):
        raise OSError("the connection is gone")

    page.send = broken
    panel._heard(page, {"do": "dance"}, [])
    panel._do("wake")
    assert panel.thread.is_alive()

    def no_words(n, generator=None):
        raise type("Mute", (ValueError,), {"__str__": Unreadable.__str__})

    with pytest.raises(ValueError):  # noqa: PT011 - it has no words
        panel.set_prior(no_words)
    assert panel.thread.is_alive()


def test_a_wrong_panel_leaves_the_open_one(opened):
    panel, _ = opened(trainer())
    told(lambda: Panel(TRAINER, show=BIG), "show must be")
    assert panel.training.runs
    assert panel.thread.is_alive()


def test_python_and_page_know_the_same_wishes():
    text = (Path(aae.__file__).parent / "live" / "page" / "messages.ts").read_text(encoding="utf-8")
    wishes = text.partition("export type Wish =")[2].partition(";\n\n")[0]
    said = {word for words in re.findall(r'do: ((?:"\w+"(?: \| )?)+)', wishes) for word in re.findall(r"\w+", words)}
    assert said == WISHES.keys()
    good = [{"do": "seen", "n": 4}, {"do": "set", "run": 0, "key": KEY, "value": 0.5}, {"do": "point", "run": None}]
    for message in good:
        assert looked_at(json.loads(json.dumps(message)) | {"more": 1}) == message


# ---- pad ----

PADS = [
    *[(lambda f=f, s=s: f(s), "strokes is a list of strokes, not") for s in (None, 5, "x", DOT)
      for f in (paint, drawn_prior, lambda s: Pad(strokes=s))],
    *[(lambda s=s: paint([DOT], size=s), "^paint: size must be a whole number from 1 to 4,096; got ")
      for s in (0, -1, "x", None, NAN, 1.5, 10**6)],
    *[(lambda s=s: drawn_prior([DOT], size=s), "^drawn_prior: size must be a whole number from 1 to 1,024; got ")
      for s in (0, "x", 10**6)],
    *[(lambda e=e, f=f: f(e), "extent is") for e in (None, 5, (1, 2, 3), "abcd", (0, 0, 0, 0), (NAN,) * 4)
      for f in (lambda e: paint([DOT], e), lambda e: drawn_prior([DOT], e), lambda e: Pad(extent=e))],
    (lambda: paint([DOT] * 10_001), "at most 10,000 strokes; these are 10,001"),
    (lambda: paint([DOT, {"width": 1, "points": [[0, 0]] * 10_001}]), "stroke 2 has 10,001 points"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "pattern"), PADS)
def test_what_cannot_be_drawn(call, pattern):
    told(call, pattern)


def test_a_pad_takes_arrays_and_keeps_its_own():
    pad = Pad(extent=np.array([-2, 2, -2, 2]), strokes=(DOT,))
    assert (pad.extent, pad.strokes) == ([-2, 2, -2, 2], [DOT])
    assert Pad().strokes is not Pad().strokes
    assert Pad().extent == [-4, 4, -4, 4]
    assert paint([{"width": 1, "points": np.zeros((1, 2))}], size=np.int64(8)).shape == (8, 8)


def test_the_lessons_own_quizzes_are_there():
    lessons = {path.name[:2] for path in workspace.root().glob("notebooks/*.ipynb")}
    assert {path.stem for path in questions.QUIZZES.glob("*.json")} == {*lessons, "needs"}
