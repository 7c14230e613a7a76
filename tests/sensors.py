"""Tables of sensors that see the same weather, with noise."""

import numpy as np

NOISE = np.array([0.6, 6.0, 1.0])
NAMES = ("temp", "pressure", "level")


def true_columns(rows=240):
    """(columns, rows): two that go together, and a random walk."""
    at = np.arange(rows)
    temperature = 20 + 3 * np.sin(at / 40) + 0.5 * np.sin(at / 11)
    walk = 50 + np.cumsum(np.random.default_rng(5).normal(0, 0.2, rows))
    return np.stack([temperature, 1000 + 8 * (temperature - 20) + 4 * np.cos(at / 60), walk])


def noisy_columns(rows=240):
    truth = true_columns(rows)
    return truth + np.random.default_rng(0).normal(size=truth.shape) * NOISE[:, None]


def save_sensors(path, columns=None, *, gap=range(0), delimiter=",", sign="."):
    """A table with a time and a name; the first column has a gap."""
    columns = noisy_columns() if columns is None else columns
    lines = [delimiter.join(["time", *NAMES[: len(columns)], "site"])]
    for row, values in enumerate(columns.T):
        cells = [f"{value:.2f}".replace(".", sign) for value in values]
        if row in gap:
            cells[0] = ""
        lines.append(delimiter.join([f"2026-01-01T{row // 60:02}:{row % 60:02}", *cells, "north"]))
    path.write_text("\n".join(lines) + "\n")
    return path
