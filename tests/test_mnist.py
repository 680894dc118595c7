"""The two MNISTs: found, downloaded, checked. Downloads are real, from a small server on this machine."""

import gzip
import hashlib
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

import aae_lib as aae
from aae_lib.data import mnist
from tests.conftest import serving

pytestmark = pytest.mark.slow

SHAPES = {
    "train-images-idx3-ubyte": (24, 28, 28),
    "train-labels-idx1-ubyte": (24,),
    "t10k-images-idx3-ubyte": (10, 28, 28),
    "t10k-labels-idx1-ubyte": (10,),
}


def idx(array):
    return bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes() + array.tobytes()


def sha(content):
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def tiny(monkeypatch):
    """Tiny MNIST and Fashion-MNIST: {set: {file: array}}, known to the library by their checksums."""
    rng = np.random.default_rng(0)
    arrays = {
        name: {
            file: rng.integers(256 if len(shape) == 3 else 10, size=shape, dtype=np.uint8)
            for file, shape in SHAPES.items()
        }
        for name in ("mnist", "fashion_mnist")
    }
    monkeypatch.setattr(mnist, "FILES", SHAPES)
    contents = {file: sha(idx(a)) for file, a in arrays["mnist"].items()}
    packed = {file: sha(gzip.compress(idx(a), mtime=0)) for file, a in arrays["fashion_mnist"].items()}
    monkeypatch.setattr(mnist, "CONTENT_SHA256", {"mnist": contents})
    monkeypatch.setattr(mnist, "PACKED_SHA256", {"fashion_mnist": packed})
    return arrays


@pytest.fixture(autouse=True)
def sealed(monkeypatch, tmp_path):
    """No proxy, no public mirror, no folder from outside, no waiting between attempts."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("AAE_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.delenv("AAE_DATA_DIR", raising=False)
    monkeypatch.delenv("AAE_DATA_MIRROR", raising=False)
    monkeypatch.setattr(mnist, "MIRRORS", {"mnist": (), "fashion_mnist": ()})
    monkeypatch.setattr("pooch.core.time.sleep", lambda seconds: None)


class Server(ThreadingHTTPServer):
    """Serves `pages` {path: bytes}; a path in `cut` announces more bytes than it sends. Records what was asked."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.pages, self.cut, self.asked = {}, set(), []
        self.url = f"http://127.0.0.1:{self.server_port}"

    def offer(self, name, files, below="", mtime=0):
        for file, array in files.items():
            self.pages[f"{below}/{name}/{file}.gz"] = gzip.compress(idx(array), mtime=mtime)


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked.append(self.path)
        body = self.server.pages.get(self.path)
        if body is None:
            return self.send_error(404)
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if self.path in self.server.cut else body)

    def log_message(self, *args):
        pass


@pytest.fixture
def server():
    with serving(Server()) as server:
        yield server


def store(folder, files, pack=True):
    folder.mkdir(parents=True, exist_ok=True)
    for file, array in files.items():
        content = idx(array)
        (folder / (f"{file}.gz" if pack else file)).write_bytes(gzip.compress(content, mtime=0) if pack else content)


def everything_below(folder):
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def same(read, files):
    return all(np.array_equal(got, want) for got, want in zip(read, files.values(), strict=True))


# --- from a folder ---


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist"])
@pytest.mark.parametrize("pack", [True, False])
@pytest.mark.parametrize("nested", [True, False])
def test_reads_a_folder_packed_or_not(tiny, tmp_path, name, pack, nested):
    store(tmp_path / name if nested else tmp_path, tiny[name], pack)
    assert same(mnist.read(name, tmp_path), tiny[name])


def test_the_environment_names_the_folder(tiny, tmp_path, monkeypatch):
    store(tmp_path / "mine" / "mnist", tiny["mnist"])
    monkeypatch.setenv("AAE_DATA_DIR", str(tmp_path / "mine"))
    assert mnist.find_local("mnist") == tmp_path / "mine" / "mnist"
    assert same(mnist.read("mnist"), tiny["mnist"])


def test_mnist_is_known_by_its_content_however_it_is_packed(tiny, tmp_path):
    store(tmp_path, tiny["mnist"])
    path = tmp_path / "train-images-idx3-ubyte.gz"
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()), compresslevel=1, mtime=12345))
    assert same(mnist.read("mnist", tmp_path), tiny["mnist"])


def test_a_folder_that_lacks_a_file_is_an_error_and_never_a_download(tiny, tmp_path, server, monkeypatch):
    server.offer("mnist", tiny["mnist"])
    monkeypatch.setenv("AAE_DATA_MIRROR", server.url)
    store(tmp_path / "mnist", tiny["mnist"])
    (tmp_path / "mnist" / "t10k-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(mnist.DataNotFoundError, match=f"{tmp_path}.*t10k-labels-idx1-ubyte.gz.*AAE_DATA_DIR"):
        mnist.read("mnist", tmp_path)
    assert server.asked == []


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist"])
@pytest.mark.parametrize("damage", ["truncated", "one bit", "other file", "empty"])
def test_a_damaged_file_is_named_with_both_checksums(tiny, tmp_path, name, damage):
    store(tmp_path, tiny[name])
    path = tmp_path / "train-images-idx3-ubyte.gz"
    good = path.read_bytes()
    bad = {
        "truncated": good[: len(good) // 2],
        "one bit": good[:-20] + bytes([good[-20] ^ 1]) + good[-19:],
        "other file": (tmp_path / "t10k-images-idx3-ubyte.gz").read_bytes(),
        "empty": b"",
    }[damage]
    path.write_bytes(bad)
    with pytest.raises(mnist.DataCorruptError) as raised:
        mnist.read(name, tmp_path)
    message = str(raised.value)
    assert str(path) in message
    if not (name == "fashion_mnist" and damage == "empty"):  # nothing packed: only the header can be held against it
        table = mnist.CONTENT_SHA256["mnist"] if name == "mnist" else mnist.PACKED_SHA256[name]
        assert table["train-images-idx3-ubyte"] in message
    found = {sha(bad)} if name == "fashion_mnist" or damage != "other file" else {sha(gzip.decompress(bad))}
    assert any(checksum in message for checksum in found)


def test_unpacked_fashion_of_the_wrong_size_or_from_mnist_is_refused(tiny, tmp_path):
    store(tmp_path, tiny["fashion_mnist"], pack=False)
    path = tmp_path / "train-images-idx3-ubyte"
    whole = path.read_bytes()
    for bad in (whole[:-1], whole + b"\0", whole[:7] + b"\x17" + whole[8:], bytes([0, 0, 9]) + whole[3:]):
        path.write_bytes(bad)
        with pytest.raises(mnist.DataCorruptError, match="is not an idx file of shape"):
            mnist.read("fashion_mnist", tmp_path)
    path.write_bytes(idx(tiny["mnist"]["train-images-idx3-ubyte"]))  # the right header and length, but MNIST's
    with pytest.raises(mnist.DataCorruptError, match="MNIST's file, not Fashion-MNIST's"):
        mnist.read("fashion_mnist", tmp_path)


# --- by download ---


def test_download_fills_the_cache_once(tiny, tmp_path, server, monkeypatch):
    for name in ("mnist", "fashion_mnist"):
        server.offer(name, tiny[name])
    monkeypatch.setenv("AAE_DATA_MIRROR", server.url + "/")
    for name in ("mnist", "fashion_mnist"):
        assert same(mnist.read(name), tiny[name])
    assert len(server.asked) == 8
    assert same(mnist.read("mnist"), tiny["mnist"])
    assert len(server.asked) == 8  # the second time nothing is fetched
    assert everything_below(tmp_path / "cache" / "mnist") == sorted(f"{file}.gz" for file in SHAPES)
    # The cache is itself a folder in the layout that AAE_DATA_DIR takes: hand it to a neighbour.
    assert same(mnist.read("mnist", tmp_path / "cache"), tiny["mnist"])
    if os.name == "posix":
        assert (tmp_path / "cache/mnist/t10k-labels-idx1-ubyte.gz").stat().st_mode & 0o044 == 0o044


def test_only_what_is_missing_is_fetched(tiny, tmp_path, server, monkeypatch):
    server.offer("mnist", tiny["mnist"])
    monkeypatch.setenv("AAE_DATA_MIRROR", server.url)
    mnist.download("mnist")
    server.asked.clear()
    (tmp_path / "cache/mnist/train-labels-idx1-ubyte.gz").unlink()
    assert same(mnist.read("mnist"), tiny["mnist"])
    assert server.asked == ["/mnist/train-labels-idx1-ubyte.gz"]


def test_own_mirror_first_then_the_public_ones(tiny, server, monkeypatch):
    server.offer("mnist", tiny["mnist"], below="/second", mtime=7)  # packed in another way
    monkeypatch.setitem(mnist.MIRRORS, "mnist", (f"{server.url}/first/mnist", f"{server.url}/second/mnist"))
    monkeypatch.setenv("AAE_DATA_MIRROR", f"{server.url}/own")
    assert same(mnist.read("mnist"), tiny["mnist"])
    places = [path.split("/")[1] for path in server.asked if "train-images" in path]
    assert list(dict.fromkeys(places)) == ["own", "first", "second"]


FAULTS = {
    "not there": lambda server, path: server.pages.pop(path),
    "cut connection": lambda server, path: server.cut.add(path),
    "wrong bytes": lambda server, path: server.pages.update({path: gzip.compress(b"something else")}),
    "a web page": lambda server, path: server.pages.update({path: b"<html>Please log in</html>"}),
    "truncated": lambda server, path: server.pages.update({path: server.pages[path][:-9]}),
}


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist"])
@pytest.mark.parametrize("fault", FAULTS)
def test_a_bad_answer_is_reported_and_leaves_nothing_behind(tiny, tmp_path, server, monkeypatch, name, fault):
    server.offer(name, tiny[name])
    bad = f"/{name}/t10k-images-idx3-ubyte.gz"
    FAULTS[fault](server, bad)
    monkeypatch.setenv("AAE_DATA_MIRROR", server.url)
    with pytest.raises(mnist.DataNotFoundError) as raised:
        mnist.read(name)
    message = str(raised.value)
    assert "AAE_DATA_DIR" in message
    assert f"{name}/t10k-images-idx3-ubyte.gz" in message
    assert server.url in message
    if fault in ("wrong bytes", "truncated"):
        table = mnist.CONTENT_SHA256["mnist"] if name == "mnist" else mnist.PACKED_SHA256[name]
        assert table["t10k-images-idx3-ubyte"] in message
    assert server.asked.count(bad) == 1 + mnist.RETRIES
    # the two files before it are complete; of the bad one there is no trace
    before = {"train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"}
    assert set(everything_below(tmp_path / "cache")) == before


def test_a_hiccup_is_tried_again(tiny, server, monkeypatch):
    server.offer("mnist", tiny["mnist"])
    path = "/mnist/train-images-idx3-ubyte.gz"
    server.cut.add(path)
    monkeypatch.setenv("AAE_DATA_MIRROR", server.url)
    monkeypatch.setattr("pooch.core.time.sleep", lambda seconds: server.cut.clear())  # restored while it waits
    assert same(mnist.read("mnist"), tiny["mnist"])
    assert server.asked.count(path) == 2


def test_a_cache_that_cannot_be_written_says_so(tiny, tmp_path, server, monkeypatch):
    server.offer("mnist", tiny["mnist"])
    monkeypatch.setenv("AAE_DATA_MIRROR", server.url)
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("AAE_CACHE_DIR", str(tmp_path / "file" / "cache"))
    with pytest.raises(mnist.DataNotFoundError, match=r"cannot be stored in .*file.*AAE_CACHE_DIR"):
        mnist.read("mnist")


def test_offline_with_nothing_cached_says_which_files_go_where(tiny, server, monkeypatch):
    server.shutdown()
    server.server_close()  # from now on the connection is refused
    monkeypatch.setenv("AAE_DATA_MIRROR", server.url)
    with pytest.raises(mnist.DataNotFoundError) as raised:
        aae.load("fashion_mnist")
    message = str(raised.value)
    assert "AAE_DATA_DIR" in message
    assert all(f"fashion_mnist/{file}.gz" in message for file in SHAPES)


def test_a_file_that_went_bad_in_the_cache_is_named(tiny, tmp_path):
    store(tmp_path / "cache" / "mnist", tiny["mnist"])
    (tmp_path / "cache/mnist/t10k-labels-idx1-ubyte.gz").write_bytes(b"\x1f\x8b and then nothing")
    with pytest.raises(mnist.DataCorruptError, match=r"t10k-labels-idx1-ubyte\.gz"):
        mnist.read("mnist")


# --- as a dataset ---


def test_the_official_test_files_are_the_test_split(tiny, tmp_path):
    store(tmp_path / "mnist", tiny["mnist"])
    data = aae.load("mnist", folder=tmp_path)
    assert np.array_equal(data.test.images[:, 0].numpy(), tiny["mnist"]["t10k-images-idx3-ubyte"])
    assert np.array_equal(data.test.labels.numpy(), tiny["mnist"]["t10k-labels-idx1-ubyte"])
    ours = {image.numpy().tobytes() for split in (data.train, data.validation) for image in split.images}
    theirs = {image.tobytes() for image in tiny["mnist"]["train-images-idx3-ubyte"]}
    assert ours == theirs
    assert (len(data.train), len(data.validation)) == (22, 2)


def test_real_mnist(real_folder):
    data = aae.load("mnist", folder=real_folder)
    splits = (data.train, data.validation, data.test)
    assert [len(split) for split in splits] == [55_000, 5_000, 10_000]
    assert data.image_shape == (1, 28, 28)
    assert data.classes == 10
    assert sum(t.untyped_storage().nbytes() for s in splits for t in (s.images, s.labels)) < 60e6
    # how often each digit occurs in the official files
    train = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert (data.train.labels.bincount() + data.validation.labels.bincount()).tolist() == train
    assert data.test.labels.bincount().tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert data.test.labels[:5].tolist() == [7, 2, 1, 0, 4]
    # the mean and deviation of the training pixels that everyone quotes: 0.1307 and 0.3081
    assert aae.data.scale(data.train.images).mean() == pytest.approx(0.1307, abs=5e-4)
    assert aae.data.scale(data.train.images).std() == pytest.approx(0.3081, abs=5e-4)
    for labels, total in ((data.validation.labels, 5000), (data.train.labels, 55_000)):
        share = labels.bincount() / total
        assert np.allclose(share, np.array(train) / 60_000, atol=3e-4)


REAL = os.environ.get("AAE_DATA_DIR")  # read here, before `sealed` hides it


@pytest.fixture
def real_folder():
    if not REAL:
        pytest.skip("AAE_DATA_DIR names no folder with MNIST")
    try:
        mnist.find_local("mnist", REAL)
    except mnist.DataNotFoundError as error:
        pytest.skip(str(error))
    return REAL
