"""What the base installation leaves out, and the line that installs it."""

DISTRIBUTION = "menagerie-zoo"
"""This project's name on the package index; the import packages are zoo, serving and explain."""

_ZOO = (
    "grpc_health",
    "grpc_reflection",
    "keras",
    "lime",
    "matplotlib",
    "mlxtend",
    "scipy",
    "skimage",
    "sklearn",
    "starlette",
    "tensorboard",
    "tensorflow",
    "tensorflow_probability",
    "tensorflow_serving",
    "threadpoolctl",
    "uvicorn",
)

_DATA = ("mido", "pandas", "pyarrow", "soundfile")

EXTRAS = {
    **dict.fromkeys(_ZOO, "zoo"),
    **dict.fromkeys(_DATA, "data"),
    "tensorflow_datasets": "tfds",
    "apache_beam": "beam",
}
"""Top-level module -> the extra of pyproject.toml that brings it."""


def line(extra: str) -> str:
    """The command that installs an extra."""
    return f"pip install '{DISTRIBUTION}[{extra}]'"


def missing(error: ModuleNotFoundError) -> str | None:
    """What to tell a user whose installation lacks a package, or None where no extra has it."""
    module = (error.name or "").partition(".")[0]
    if module not in EXTRAS:
        return None
    return f"this needs {module}, which is not installed. Install it: {line(EXTRAS[module])}"
