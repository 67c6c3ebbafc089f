"""Darcy Flow: the scheme's order, the equation that each field satisfies, and the files."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.io import loadmat

from einspace.builders import Sizes, prepare
from einspace.builders.darcyflow import coefficients, pressure
from einspace.errors import SettingError

Field = NDArray[np.float64]


def manufactured(points: int) -> tuple[Field, Field, Field]:
    """A smooth a, a u that is 0 on the edge, and the source -div(a grad u), by hand."""
    t = np.linspace(0, 1, points)
    x, y = t[:, None], t[None]
    a = 2 + x + np.sin(3 * y)
    u = np.sin(np.pi * x) * np.sin(2 * np.pi * y)
    u_x, u_y = np.pi * np.cos(np.pi * x) * np.sin(2 * np.pi * y), 2 * np.pi * np.sin(np.pi * x) * np.cos(2 * np.pi * y)
    return a, u, -(u_x + 3 * np.cos(3 * y) * u_y - 5 * np.pi**2 * a * u)


def test_second_order() -> None:
    """Halving the grid's width divides the error by four, where a and u are smooth and a differs along both axes."""
    errors = []
    for points in (22, 43, 85):
        a, u, source = manufactured(points)
        errors.append(np.abs(pressure(a, source) - u).max())
    assert 3.8 < errors[0] / errors[1] < 4.2
    assert 3.8 < errors[1] / errors[2] < 4.2


def test_a_finer_grid_agrees() -> None:
    """A medium of two halves: 85 points are within 1% of the fine solution, which has jumps in the same place."""
    coarse, fine = (
        pressure(np.where(np.arange(points)[:, None] < points // 2, 12.0, 3.0) * np.ones((points, points))) for points in (85, 169)
    )
    assert np.linalg.norm(coarse - fine[::2, ::2]) / np.linalg.norm(coarse) < 0.03


def test_the_fields_satisfy_the_equation() -> None:
    """Flows through the faces of each cell add up to the source, u is 0 on the edge and positive inside."""
    a = coefficients(85, np.random.default_rng(5))
    assert set(np.unique(a)) == {3.0, 12.0}
    u = pressure(a)
    assert not u[[0, -1]].any()
    assert not u[:, [0, -1]].any()
    assert (u[1:-1, 1:-1] > 0).all()
    for i, j in ((1, 1), (40, 17), (83, 60), (12, 83)):
        out = sum((a[i, j] + a[m, n]) / 2 * (u[i, j] - u[m, n]) for m, n in ((i - 1, j), (i + 1, j), (i, j - 1), (i, j + 1)))
        assert out == pytest.approx(1 / 84**2, rel=1e-8)


@pytest.mark.slow
def test_hundred_fields(tmp_path: Path) -> None:
    """Files like the official ones, said to be generated; half of the medium is dense; a linear model beats the mean of the solutions."""
    sizes = Sizes(70, 10, 20)
    built = prepare("darcyflow", data=tmp_path, sizes=sizes, resolution=85)
    first, second = (loadmat(tmp_path / "darcyflow" / f"piececonst_r85_N1024_smooth{number}.mat") for number in (1, 2))
    assert [first[key].shape for key in ("coeff", "sol")] == [(80, 85, 85)] * 2
    assert [second[key].shape for key in ("coeff", "sol")] == [(20, 85, 85)] * 2
    assert built.metadata["source"]["generated"] is True
    assert built.metadata["samples"] == {"train": 70, "valid": 10, "test": 20}
    assert 0.4 < (first["coeff"] == 12).mean() < 0.6
    assert 0.010 < first["sol"].max(axis=(1, 2)).mean() < 0.018
    assert len({field.tobytes() for field in (*first["coeff"], *second["coeff"])}) == 100
    x, held = (whole["coeff"][:, ::4, ::4].reshape(-1, 22 * 22) for whole in (first, second))
    y, truth = (whole["sol"].reshape(-1, 85 * 85) for whole in (first, second))
    middle, mean = x.mean(axis=0), y.mean(axis=0)
    weights = np.linalg.solve((x - middle) @ (x - middle).T + 20_000 * np.eye(len(x)), y - mean)
    linear = mean + (held - middle) @ (x - middle).T @ weights

    def error(predicted: Field) -> float:
        return float((np.linalg.norm(predicted - truth, axis=1) / np.linalg.norm(truth, axis=1)).mean())

    assert error(linear) < 0.7 * error(np.broadcast_to(mean, truth.shape))


def test_the_seed_makes_the_fields(tmp_path: Path) -> None:
    """The same seed gives the same bytes, at another time too; more fields leave the first ones as they are."""
    sums = []
    for number, (seed, size) in enumerate(((0, 2), (0, 2), (1, 2), (0, 3))):
        built = prepare("darcyflow", data=tmp_path / str(number), seed=seed, sizes=Sizes(size, 1, 1), resolution=85)
        sums.append([facts["sha256"] for facts in built.metadata["files"].values()])
    assert sums[0] == sums[1]
    assert sums[0][0] != sums[2][0]
    few, more = (loadmat(tmp_path / name / "darcyflow" / "piececonst_r85_N1024_smooth1.mat")["sol"] for name in "03")
    assert np.array_equal(few, more[:3])


def test_options(tmp_path: Path) -> None:
    """Another resolution than 84 k + 1, and a source, are refused."""
    for resolution in (84, 100, 1):
        with pytest.raises(SettingError, match=f"84 k \\+ 1 points, .* not {resolution}"):
            prepare("darcyflow", data=tmp_path, resolution=resolution)
    with pytest.raises(SettingError, match="reads no source"):
        prepare("darcyflow", tmp_path, tmp_path)
