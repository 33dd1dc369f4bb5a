"""What the front door needs: `import zoo` nothing, `zoo.connect` no TensorFlow."""

import subprocess
import sys

import numpy as np
import pytest

import zoo

ABSENT = """
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("tensorflow", "keras", "matplotlib"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Absent())
import zoo
"""


def test_importing_zoo_imports_next_to_nothing():
    code = "import sys, zoo; assert not {'numpy', 'tensorflow', 'grpc', 'keras'} & set(sys.modules); print(zoo.__all__)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "connect" in done.stdout


def test_every_public_name_is_there():
    assert all(getattr(zoo, name) for name in zoo.__all__)
    with pytest.raises(AttributeError, match="no attribute 'trian'"):
        zoo.trian  # noqa: B018


def test_connect_and_all_verbs_do_without_tensorflow(address, run):
    code = f"""{ABSENT}
with zoo.connect({address!r}, "vae") as model:
    print(model.reconstruct(model.sample(3, seed=7)).shape, model._repr_html_().count("base64"), model)
    print(model.sample(3, seed=7).sum())
try:
    zoo.train
except ModuleNotFoundError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("(3, 8, 8, 1) 1 Served vae\n")
    lines = done.stdout.splitlines()
    assert float(lines[-2]) == pytest.approx(np.sum(run.sample(3, seed=7)), rel=1e-5)
    assert lines[-1].startswith("zoo.train: this needs ")
    assert lines[-1].endswith("pip install 'menagerie-zoo[zoo]'")
