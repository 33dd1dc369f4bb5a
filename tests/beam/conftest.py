"""A real server for tests that run without TensorFlow: another process, in the environment that has it."""

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("apache_beam", reason="`make test-beam` runs these in an environment of their own")

ROOT = Path(__file__).parents[2]

MODELS = """
import sys
from pathlib import Path
sys.path.insert(0, "tests/serving")
from savedmodels import save_affine
save_affine(Path(sys.argv[1]), 3, 3.0)
"""


@pytest.fixture(scope="session")
def models(tmp_path_factory):
    """`affine` of tests/serving/savedmodels.py."""
    folder = tmp_path_factory.mktemp("models")
    python = ROOT / ".venv" / "bin" / "python"
    subprocess.run([python, "-c", MODELS, str(folder)], cwd=ROOT, check=True, capture_output=True)
    return folder


def serve(models, port=0):
    """(process, address) of a server of these models that answers."""
    command = [ROOT / ".venv" / "bin" / "python", "-m", "serving.server", "--models", str(models), "--port", str(port)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    line = next((text for text in process.stdout if text.startswith("Serving")), "")
    return process, line.split()[-1]


@pytest.fixture(scope="session")
def address(models):
    """Where it is served."""
    process, address = serve(models)
    yield address
    process.terminate()
    process.communicate()


def pytest_sessionstart(session):
    """The client and Beam are to do without it."""
    assert "tensorflow" not in sys.modules
