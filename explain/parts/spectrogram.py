"""Time-frequency cells of a signal: parts of its spectrogram."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.signal import ShortTimeFFT
from scipy.signal.windows import hann

from explain.errors import RequestError
from explain.parts.maps import Map, grid


@dataclass(frozen=True, eq=False)
class Cells:
    """A grid over the short-time Fourier transform of a signal (T,); rows are frequencies from 0 up, columns times.

    Masking a cell replaces its Fourier coefficients by those of the baseline. The transform and its inverse are linear,
    so a perturbed signal is the baseline plus the components of the kept cells.
    """

    grid: Map
    length: int
    transform: ShortTimeFFT
    kind: str = "spectrogram"
    names: None = None

    @property
    def labels(self) -> NDArray[np.int64]:
        """(frequencies, times)."""
        return self.grid.labels

    @property
    def count(self) -> int:
        """K, the number of cells."""
        return self.grid.count

    def check(self, shape: tuple[int, ...]) -> None:
        """Errors: RequestError if a signal is not (T,) with the length that the cells were made for."""
        if shape != (self.length,):
            raise RequestError(f"These cells are for signals of shape ({self.length},); received {shape}.")

    def apply(self, masks: NDArray[np.bool_], x: NDArray[Any], baseline: NDArray[Any]) -> NDArray[Any]:
        """Masks (n, K) -> perturbed signals (n, T)."""
        components = self._components(x.astype(np.float64) - baseline)
        signals = (baseline + masks @ components).astype(x.dtype)
        signals[masks.all(axis=1)] = x  # exactly x, because f(x) is compared with its value
        return signals

    def dead(self, x: NDArray[Any], baseline: NDArray[Any]) -> NDArray[np.bool_]:
        """(K,): True for cells in which x and the baseline have the same Fourier coefficients, up to rounding."""
        energy = np.abs(self.transform.stft(x.astype(np.float64) - baseline)) ** 2
        found = np.bincount(self.labels.ravel(), energy.ravel(), self.count)
        return np.asarray(found <= 1e-12 * found.sum())

    def means(self, x: NDArray[Any]) -> NDArray[Any]:
        """The mean of the signal at every sample, so that masking removes the oscillation; x.shape."""
        return np.full_like(x, x.mean(dtype=np.float64))

    def _components(self, difference: NDArray[np.float64]) -> NDArray[np.float64]:
        """(K, T): the component of a signal in each cell."""
        coefficients = self.transform.stft(difference)
        kept = np.arange(self.count)[:, None, None] == self.labels
        return np.asarray(self.transform.istft(np.where(kept, coefficients, 0), k1=self.length))


def cells(length: int, frequencies: int = 6, times: int = 8, window: int = 64) -> Cells:
    """`frequencies` by `times` cells for signals (T,) with T = `length`.

    Hann windows of `window` samples, which overlap by three quarters. Errors: RequestError.
    """
    if not 4 <= window <= length or min(frequencies, times) < 1:
        raise RequestError(
            f"Cells take a window of 4 samples up to the signal's {length}, and at least 1 by 1 cells; received "
            f"window={window}, {frequencies} by {times}."
        )
    transform = ShortTimeFFT(hann(window, sym=False), hop=window // 4, fs=1.0)
    return Cells(grid((transform.f_pts, transform.p_num(length)), (frequencies, times)), length, transform)
