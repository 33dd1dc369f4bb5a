"""docs/tutorial.ipynb runs from its first cell to its last, and is stored without outputs."""

from pathlib import Path

import nbclient
import nbformat
import pytest

PATH = Path(__file__).parents[2] / "docs" / "tutorial.ipynb"


@pytest.fixture(scope="module")
def notebook():
    return nbformat.read(PATH, as_version=4)


def test_outputs_are_not_stored(notebook):
    for cell in notebook.cells:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None


def test_it_runs(notebook, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(PATH.parents[1]))
    notebook = nbformat.from_dict(notebook)
    resources = {"metadata": {"path": str(tmp_path)}}
    nbclient.NotebookClient(notebook, timeout=300, kernel_name="python3", resources=resources).execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    shown = {kind for output in outputs for kind in output.get("data", {})}
    assert {"text/html", "image/png"} <= shown
    differences = [o.data["text/plain"] for o in outputs if "data" in o and "np.float32" in o.data["text/plain"]]
    assert len(differences) == 2, "of samples: the run's, the export's and the server's"
    assert all(float(text.removeprefix("np.float32(").rstrip(")")) < 1e-5 for text in differences)
    assert "WARNING" not in "".join(output.get("text", "") for output in outputs)
    assert (tmp_path / "models" / "vae" / "1" / "saved_model.pb").exists()
