"""Time-frequency cells of a signal: parts that a pitch or a click fills."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import ShortTimeFFT
from scipy.signal.windows import hann

from explain.errors import RequestError
from explain.parts.maps import Map, grid


@dataclass(frozen=True, eq=False)
class Cells:
    """A grid over the short-time Fourier transform of a signal (T,); rows are frequencies from 0 up, columns times.

    Hiding a cell replaces its coefficients by the baseline's. The transform and its inverse are linear, so a perturbed
    signal is the baseline's and the kept cells' own signals, added up.
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
    def parts(self) -> int:
        """K, the number of cells."""
        return self.grid.parts

    def check(self, shape: tuple[int, ...]) -> None:
        """Errors: RequestError where a signal is not (T,) of the length that the cells were made for."""
        if shape != (self.length,):
            raise RequestError(f"These cells are of signals of the shape ({self.length},); received {shape}.")

    def apply(self, masks: NDArray[np.bool_], x: NDArray, baseline: NDArray) -> NDArray:
        """Masks (n, K) -> signals (n, T)."""
        components = self._components(x.astype(np.float64) - baseline)
        signals = (baseline + masks @ components).astype(x.dtype)
        signals[masks.all(axis=1)] = x  # to the bit: f(x) is compared with it
        return signals

    def dead(self, x: NDArray, baseline: NDArray) -> NDArray[np.bool_]:
        """(K,): cells where x and the baseline have the same coefficients, but for rounding."""
        energy = np.abs(self.transform.stft(x.astype(np.float64) - baseline)) ** 2
        found = np.bincount(self.labels.ravel(), energy.ravel(), self.parts)
        return found <= 1e-12 * found.sum()

    def means(self, x: NDArray) -> NDArray:
        """The signal's mean, everywhere: hiding then removes what oscillates."""
        return np.full_like(x, x.mean(dtype=np.float64))

    def _components(self, difference: NDArray[np.float64]) -> NDArray[np.float64]:
        """(K, T): what each cell holds of a signal."""
        coefficients = self.transform.stft(difference)
        kept = np.arange(self.parts)[:, None, None] == self.labels
        return self.transform.istft(np.where(kept, coefficients, 0), k1=self.length)


def cells(length: int, frequencies: int = 6, times: int = 8, window: int = 64) -> Cells:
    """`frequencies` by `times` cells of signals (T,) with T = length. Hann windows of `window` samples overlap by three
    quarters. Errors: RequestError."""
    if not 4 <= window <= length or min(frequencies, times) < 1:
        raise RequestError(
            f"Cells take a window of 4 samples to the signal's {length}, and at least one cell a side; received "
            f"window={window}, {frequencies} by {times}."
        )
    transform = ShortTimeFFT(hann(window, sym=False), hop=window // 4, fs=1.0)
    return Cells(grid((transform.f_pts, transform.p_num(length)), (frequencies, times)), length, transform)
