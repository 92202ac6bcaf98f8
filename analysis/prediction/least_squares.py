"""Levenberg and Marquardt's method for a handful of parameters."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from analysis.prediction.kernels import Floats

_STEP = 1e-5
_ITERATIONS = 40
#: The fit has converged where an iteration improves it by less than this share.
_TOLERANCE = 1e-6
_MAX_DAMPING = 1e9


def least_squares(residuals: Callable[[Floats], Floats], start: Floats) -> Floats:
    """The parameters near `start` for which the sum of squared residuals is least."""
    x, r, damping = start, residuals(start), 1e-3
    for _ in range(_ITERATIONS):
        jacobian = np.stack([(residuals(x + step) - r) / _STEP for step in _STEP * np.eye(len(x))], axis=1)
        normal, gradient = jacobian.T @ jacobian, jacobian.T @ r
        while damping < _MAX_DAMPING:
            candidate = x - np.linalg.solve(normal + damping * np.diag(np.diag(normal)), gradient)
            new = residuals(candidate)
            if new @ new < r @ r:
                break
            damping *= 4
        else:
            break
        improvement = 1 - (new @ new) / (r @ r)
        x, r, damping = candidate, new, damping / 8
        if improvement < _TOLERANCE:
            break
    return x
