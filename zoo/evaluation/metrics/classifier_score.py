"""The classifier score: the inception score of any classifier. Salimans et al., arXiv 1606.03498, section 4."""

import numpy as np
from scipy.special import entr

from zoo.evaluation.metrics.bootstrap import Estimate, interval
from zoo.evaluation.metrics.rows import rows


def classifier_score(probabilities: np.ndarray, *, seed: int) -> Estimate:
    """exp of the mean KL(p(y|x) ‖ p(y)) over rows (N, K): from 1 to K, which certain and evenly frequent classes have.

    It does not depend on real data. Errors: as `zoo.evaluation.metrics.rows.rows`.
    """
    p = rows(probabilities, "probabilities")
    return interval(_score, p, seed=seed)


def _score(p: np.ndarray) -> float:
    """By mutual information: the entropy of the mean minus the mean entropy."""
    return float(np.exp(entr(p.mean(axis=0)).sum() - entr(p).sum(axis=1).mean()))
