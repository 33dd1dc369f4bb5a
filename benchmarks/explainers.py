"""The contenders of benchmarks.explain: this package, stock LIME, shap and xplique, all on one image and its parts."""

import contextlib
import importlib.util
import io
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from explain import Function, explain, grid

SHAPE, CELLS = (28, 28, 1), 7
GREY = 0.3
"""What every contestant hides a part behind: all of them can do a constant."""

Explainer = Callable[[int, int], NDArray[Any]]
"""(seed, evaluations) -> coefficients (49,)."""


def ours(logits: Callable[[Any], Any], x: NDArray[Any], **options: Any) -> Explainer:
    """This package."""
    source = Function(lambda images: logits(images).numpy(), chunk=1000)

    def run(seed: int, evaluations: int) -> NDArray[Any]:
        samples = evaluations - 2 if evaluations else None
        found = explain(source, x, seed=seed, baseline=GREY, samples=samples, **options)
        return found.coefficients

    return run


def stock(logits: Callable[[Any], Any], x: NDArray[Any]) -> Explainer:
    """The package lime: a grid for segments, the compiled function, ten images a call as it comes, no selection."""
    from lime.lime_image import LimeImageExplainer

    labels = grid(x.shape, CELLS).labels

    def classify(images: NDArray[Any]) -> NDArray[Any]:
        return logits(images[..., :1].astype(np.float32)).numpy()[:, None]

    def run(seed: int, evaluations: int) -> NDArray[Any]:
        with contextlib.redirect_stderr(io.StringIO()):
            found = LimeImageExplainer(feature_selection="none", random_state=seed).explain_instance(
                x[..., 0],
                classify,
                labels=(0,),
                top_labels=None,
                hide_color=GREY,
                num_samples=evaluations,
                num_features=CELLS * CELLS,
                segmentation_fn=lambda image: labels,
            )
        return np.array([weight for _, weight in sorted(found.local_exp[0])])

    return run


def kernel_shap(logits: Callable[[Any], Any], x: NDArray[Any]) -> Explainer:
    """shap.KernelExplainer over the parts, one background, no selection."""
    import shap

    parts = grid(x.shape, CELLS)
    hidden = np.full_like(x, GREY)

    def of_masks(masks: NDArray[Any]) -> NDArray[Any]:
        return np.asarray(logits(parts.apply(masks > 0.5, x, hidden)).numpy(), np.float64)

    def run(seed: int, evaluations: int) -> NDArray[Any]:
        np.random.seed(seed)
        explainer = shap.KernelExplainer(of_masks, np.zeros((1, parts.count)))
        values = explainer.shap_values(np.ones((1, parts.count)), nsamples=evaluations, l1_reg=0, silent=True)
        return np.asarray(values).reshape(-1)

    return run


def xplique_lime(logits: Callable[[Any], Any], x: NDArray[Any]) -> Explainer:
    """xplique.attributions.Lime with its own regression, over the same parts."""
    import tensorflow as tf
    from sklearn.linear_model import Ridge
    from xplique.attributions import Lime

    labels = tf.constant(grid(x.shape, CELLS).labels, tf.int32)
    places = [np.argwhere(labels.numpy() == k)[0] for k in range(CELLS * CELLS)]
    inputs = tf.keras.Input(SHAPE)
    model = tf.keras.Model(inputs, tf.keras.layers.Lambda(lambda i: logits(i)[:, None], output_shape=(1,))(inputs))

    def run(seed: int, evaluations: int) -> NDArray[Any]:
        tf.random.set_seed(seed)
        explainer = Lime(
            model,
            batch_size=1000,
            interpretable_model=Ridge(alpha=1.0),
            map_to_interpret_space=lambda image: labels,
            ref_value=np.array([GREY], np.float32),
            nb_samples=evaluations,
        )
        found = np.asarray(explainer.explain(x[None], np.ones((1, 1), np.float32)))
        found = found.reshape(28, 28)
        return np.array([found[tuple(place)] for place in places])

    return run


PEERS = {"shap": kernel_shap, "xplique": xplique_lime}


def installed() -> dict[str, Callable[..., Explainer]]:
    """The peers that are here."""
    return {package: make for package, make in PEERS.items() if importlib.util.find_spec(package)}
