"""Pictures of a run's log."""

import pytest
from PIL import Image

from zoo.display import curves, pictures

LOSSES = {"epoch": [1.0, 2.0], "critic/real": [0.5, 0.4], "critic/gradient_norm": [9.0, 9.0], "generator/fake": [1, 2]}


@pytest.mark.parametrize(("watched", "rows"), [({}, 1), ({"generator/diversity": [0.1, 0.9]}, 2)])
def test_shares_have_panels_of_their_own(watched, rows, tmp_path):
    """A panel is 4.2 by 2.8 inches at 120 dots: one for each player, in one row or two."""
    curves.draw(LOSSES | watched, tmp_path / "curves.png", title="wgan")
    with Image.open(tmp_path / "curves.png") as drawn:
        assert drawn.size == (2 * 504, rows * 336)


def test_a_log_is_read_as_it_was_written(tmp_path):
    (tmp_path / "log.csv").write_text("epoch,vae/kl,vae/late\n1,2.5,\n2,3.5,4\n")
    log = pictures.read_log(tmp_path / "log.csv")
    assert log["vae/kl"] == [2.5, 3.5]
    assert log["vae/late"][0] != log["vae/late"][0], "a term that came later is NaN before"
    assert log["vae/late"][1] == 4.0
