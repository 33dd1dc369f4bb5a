"""Progress of a training: a bar of 60 columns on a terminal, a line an epoch in a file."""

import io
import math
import re
import time

import pytest
from terminal import terminal

from zoo.training.progress import Progress, losses

GAME = {"discriminator/real": 0.5, "discriminator/loss": 1.3812, "generator/loss": 0.70995, "gap": 3.0}


def epochs(progress, means, *, first=1, last=3, steps=35, pause=0.0):
    """Trains nothing for some epochs of 35 steps."""
    with progress:
        for number in range(first, last + 1):
            for _ in range(steps):
                progress.step(1, means)
                time.sleep(pause)
            progress.epoch(number, means, 0.5)


def test_a_file_gets_one_line_an_epoch():
    file = io.StringIO()
    epochs(Progress(total=700, initial=0, epochs=20, steps=35, file=file), {"vae/loss": 93.123, "vae/kl": 3.0})
    assert file.getvalue().splitlines() == [
        "epoch 1/20  step 35/700  0.5 s  70 steps/s  0:10 left  loss 93.1",
        "epoch 2/20  step 70/700  0.5 s  70 steps/s  0:09 left  loss 93.1",
        "epoch 3/20  step 105/700  0.5 s  70 steps/s  0:08 left  loss 93.1",
    ]


def test_a_run_that_is_continued_within_an_epoch_counts_its_own_steps_for_the_rate():
    file = io.StringIO()
    with Progress(total=700, initial=45, epochs=20, steps=35, file=file) as progress:
        progress.step(25)
        progress.epoch(2, GAME, 2.5)
    assert file.getvalue() == (
        "epoch 2/20  step 70/700  2.5 s  10 steps/s  1:03 left  discriminator 1.38  generator 0.71\n"
    )


def test_a_warning_has_a_line_of_its_own():
    file = io.StringIO()
    with Progress(total=1, initial=0, epochs=1, steps=1, file=file) as progress:
        progress.write("epoch 1: it collapsed.")
    assert file.getvalue() == "epoch 1: it collapsed.\n"


def test_workers_beside_the_chief_show_nothing():
    file = io.StringIO()
    progress = Progress(total=105, initial=0, epochs=3, steps=35, file=file, shown=False)
    epochs(progress, GAME)
    progress.write("a warning")
    assert not file.getvalue()


@pytest.mark.parametrize("columns", [60, 140])
@pytest.mark.parametrize(("means", "short", "long"), [
    ({"vae/loss": 93.123}, "loss 93.1", "loss 93.1"),
    (GAME, "D 1.38  G 0.71", "discriminator 1.38  generator 0.71"),
])  # fmt: skip
def test_a_terminal_gets_a_bar_that_fits(columns, means, short, long):
    with terminal(columns) as (file, frames):
        progress = Progress(total=1200 * 35, initial=1100 * 35, epochs=1200, steps=35, file=file)
        epochs(progress, means, first=1101, last=1103, pause=0.006)
    assert max(map(len, frames)) <= columns
    last = frames[-1]
    assert re.search(r"^epoch 110[34]/1200 .+ \d\S* steps/s \d+:\d\d left ", last), last
    assert last.endswith(short if columns == 60 else long)
    assert len(set(frames)) > 2, "it moves"


def test_a_warning_does_not_disturb_the_bar():
    with terminal(60) as (file, frames), Progress(total=9, initial=0, epochs=3, steps=3, file=file) as progress:
        progress.step(3)
        progress.write("epoch 1: it collapsed.")
    assert "epoch 1: it collapsed." in frames


@pytest.mark.parametrize(
    ("means", "short", "long"),
    [
        ({}, "", ""),
        ({"a/kl": 1.0}, "", ""),
        ({"a/loss": math.nan}, "loss nan", "loss nan"),
        ({"a/loss": 12345.6}, "loss 12346", "loss 12346"),
        ({"a/loss": -1.5e6}, "loss -1.5e+06", "loss -1.5e+06"),
        ({"critic/loss": 1, "generator/loss": 2, "x/loss": 3}, "C 1  G 2", "critic 1  generator 2"),
        ({"layer1/loss": 1, "layer2/loss": 2}, "L1 1  L2 2", "layer1 1  layer2 2"),
        ({"encoder/loss": 1, "ear/loss": 2}, "encoder 1  ear 2", "encoder 1  ear 2"),
    ],
)
def test_the_numbers_that_matter(means, short, long):
    assert losses(means, short=True) == short
    assert losses(means) == long
