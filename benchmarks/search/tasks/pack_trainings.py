"""Packs what `trainings` learns from; needs scikit-learn: `python -m benchmarks.search.tasks.pack_trainings`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from sklearn import datasets

_PATH = Path(__file__).parent / "data" / "trainings.npz"


def pack() -> None:
    """Writes `data/trainings.npz`: digits, breast cancer and diabetes as scikit-learn has them, in small types."""
    images, names = datasets.load_digits(return_X_y=True)
    arrays = {"digits_x": images.astype(np.uint8), "digits_y": names.astype(np.uint8)}
    x, y = datasets.load_breast_cancer(return_X_y=True)
    arrays |= {"cancer_x": x.astype(np.float32), "cancer_y": y.astype(np.uint8)}
    x, y = datasets.load_diabetes(return_X_y=True, scaled=False)
    arrays |= {"diabetes_x": x.astype(np.float32), "diabetes_y": y.astype(np.float32)}
    np.savez_compressed(_PATH, **arrays)


if __name__ == "__main__":
    pack()
