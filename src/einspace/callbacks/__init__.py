"""Callbacks: objects that follow a search while it runs, among them those of TensorBoard, MLflow and Weights & Biases, each an extra."""

from collections.abc import Callable

from einspace.callbacks.bar import Bar
from einspace.callbacks.base import AtWork, Callback, CallbackThread, Progress, checked
from einspace.callbacks.live import FollowLive
from einspace.callbacks.recipe import SayRecipe
from einspace.callbacks.report import WriteReport
from einspace.errors import UnknownNameError


def _tensorboard(where: str) -> Callback:
    from einspace.callbacks.tensorboard import TensorBoard

    return TensorBoard(where or None)


def _mlflow(where: str) -> Callback:
    from einspace.callbacks.mlflow import MLflow

    return MLflow(where or None)


def _wandb(where: str) -> Callback:
    from einspace.callbacks.wandb import WandB

    return WandB(where or "einspace")


CALLBACKS: dict[str, Callable[[str], Callback]] = {"tensorboard": _tensorboard, "mlflow": _mlflow, "wandb": _wandb}
"""Every callback that the command line can name; what follows a colon is the callback's own: a folder, an URI, a project."""


def parse(spec: str) -> Callback:
    """The callback of a text such as `tensorboard`, `mlflow:sqlite:///mlflow.db` or `wandb:PROJECT`.

    Raises UnknownNameError for another name, and SettingError where its package is not installed.
    """
    name, _, where = spec.partition(":")
    if name not in CALLBACKS:
        raise UnknownNameError("callback", name, CALLBACKS)
    return CALLBACKS[name](where)


__all__ = [
    "CALLBACKS",
    "AtWork",
    "Bar",
    "Callback",
    "CallbackThread",
    "FollowLive",
    "Progress",
    "SayRecipe",
    "WriteReport",
    "checked",
    "parse",
]
