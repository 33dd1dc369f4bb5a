"""The demo: the page that it ends with, and that it leaves no process behind."""

import base64
import html
import html.parser
import io
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from explain import Explanation
from zoo import data

DEMO = [sys.executable, "-m", "zoo", "demo", "--data", "digits", "--gan-epochs", "2", "--vae-epochs", "2"]


def processes(folder):
    """Command lines of the running processes that name the folder."""
    lines = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and int(entry.name) != os.getpid():
            try:
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
            if str(folder) in line:
                lines.append(line)
    return lines


class Page(html.parser.HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.images, self.outside = [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        for name, value in attributes:
            if name in ("src", "href"):
                (self.images if value.startswith("data:image/png;base64,") else self.outside).append(value)


def test_the_page_holds_everything(tmp_path):
    out = tmp_path / "my demo"
    ran = subprocess.run([*DEMO, "--out", str(out)], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    assert f"The page: {out / 'index.html'}" in ran.stdout
    assert "Next: zoo serve" in ran.stdout
    assert "epoch 2/2  step " in ran.stderr, "its progress"
    text = (out / "index.html").read_text()
    page = Page(text)
    assert page.outside == [], "self-contained"
    assert len(page.images) == 7
    for image in page.images:
        pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(image.partition(",")[2]))))
        assert pixels.std() > 0
    commands = re.findall(r"<code>(zoo [^<]*)</code>", text)
    kinds = ["train", "train", "export", "export", "serve", "sample", "sample", "explain"]
    assert [c.split()[1] for c in commands] == kinds
    assert Explanation.load(out / "explanation.json").verdict in html.unescape(text)
    assert "$" not in re.sub(r"data:image/png;base64,[^\"]*", "", text), "every blank is filled"
    assert processes(tmp_path) == []


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_it_leaves_no_process(number, tmp_path):
    """Interrupted once the server runs; started again it continues from what it has."""
    command = [*DEMO, "--out", str(tmp_path / "demo")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    for line in process.stdout:
        if line.startswith("Serving"):
            break
    process.send_signal(number)  # at once: what is left to do then takes a second or two
    _, error = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "interrupted" in error
    assert "Traceback" not in error
    assert processes(tmp_path) == []
    if number == signal.SIGTERM:
        again = subprocess.run(command, capture_output=True, text=True)
        assert again.returncode == 0, again.stderr
        assert again.stdout.count("is already trained") == 2


@pytest.mark.slow
def test_the_digits_are_digits(tmp_path):
    """The default demo's samples beside real digits: as near to some, and their neighbours mostly agree on which."""
    from sklearn.neighbors import KNeighborsClassifier

    from serving.models.saved_model import SavedModel

    demo = [sys.executable, "-m", "zoo", "demo", "--out", str(tmp_path / "demo")]
    subprocess.run(demo, check=True, capture_output=True)
    split = data.load("mnist-5k")
    (x, y), (real, labels) = ((a["image"], a["label"]) for a in (split.train.arrays(), split.test.arrays()))
    judge = KNeighborsClassifier(5).fit(x.reshape(len(x), -1), y)
    assert judge.score(real.reshape(len(real), -1), labels) > 0.94

    def judged(images):
        flat = images.reshape(len(images), -1)
        return judge.kneighbors(flat)[0][:, 0], judge.predict_proba(flat).max(axis=1), judge.predict(flat)

    near = np.quantile(judged(real)[0], 0.99)

    def share(images):
        distance, agreement, _ = judged(images)
        return np.mean(distance <= near), np.mean((distance <= near) & (agreement >= 0.8))

    assert share(real)[1] > 0.85
    assert share(np.random.default_rng(0).permuted(real.reshape(len(real), -1), axis=1))[0] < 0.2
    for name in ("dcgan", "vae"):
        model = SavedModel(tmp_path / "demo" / "models" / name / "1")
        images = 2 * model.run("sample", {"seed": np.arange(500)})["images"] - 1
        nearness, agreement = share(images)
        assert nearness > 0.85, name
        assert agreement > 0.5, name
        assert len(np.unique(judged(images)[2])) == 10, name
