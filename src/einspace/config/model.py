"""RunSettings and SearchSettings: the options of a search, with their types, ranges, defaults, flags and descriptions."""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator, model_validator

from einspace.errors import EinspaceError, LimitError, UnknownNameError
from einspace.grammar import COMPUTATION_PROBABILITY
from einspace.limits import Limits

if TYPE_CHECKING:
    from einspace.tasks import DataOptions

OF_THE_TASK = ("task", "own")
"""Settings of a run that are part of its task, and no other argument of `study.search`."""

_LIMITS = Limits()


@dataclass(frozen=True)
class Flags:
    """The flags of an option on the command line, where they do not follow from its name."""

    names: tuple[str, ...]


class Group(BaseModel):
    """Options that stand together: nothing is guessed from a value of another type, and an unknown name is a mistake."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)


class RecipeSettings(Group):
    """Changes to the task's recipe; what is not given stays as the task has it."""

    epochs_search: Annotated[int | None, Field(ge=1, description="Epochs of a trial."), Flags(("--epochs",))] = None
    epochs_final: Annotated[int | None, Field(ge=1, description="Epochs of the final training."), Flags(("--final-epochs",))] = None
    batch_size: Annotated[int | None, Field(ge=2, description="Samples of a training step.")] = None
    learning_rate: Annotated[float | None, Field(gt=0, description="Of the first step; a cosine takes it to zero.")] = None
    weight_decay: Annotated[float | None, Field(ge=0, description="Of stochastic gradient descent.")] = None
    momentum: Annotated[float | None, Field(ge=0, lt=1, description="Of stochastic gradient descent.")] = None


class LimitSettings(Group):
    """The largest architecture that is wanted: figures of a backbone and one sample, null for no limit."""

    operations: Annotated[int | None, Field(ge=2, description="Operations of a backbone, at most."), Flags(("--max-operations",))] = (
        _LIMITS.operations
    )
    parameters: Annotated[int | None, Field(ge=0, description="Parameters of a backbone, at most."), Flags(("--max-parameters",))] = (
        _LIMITS.parameters
    )
    activation_bytes: Annotated[
        int | None, Field(ge=0, description="Bytes that a backbone writes for one sample, at most."), Flags(("--max-activation-bytes",))
    ] = _LIMITS.activation_bytes
    flops: Annotated[int | None, Field(ge=0, description="FLOPs of a backbone for one sample, at most."), Flags(("--max-flops",))] = (
        _LIMITS.flops
    )
    min_parameters: Annotated[int, Field(ge=0, description="Parameters of a backbone, at least.")] = _LIMITS.min_parameters

    @model_validator(mode="after")
    def _agree(self) -> "LimitSettings":
        try:
            self.build()
        except LimitError as error:
            raise ValueError(str(error)) from None
        return self

    def build(self) -> Limits:
        """The limits as the space takes them; raises LimitError where they contradict themselves."""
        return Limits(**self.model_dump())


class OwnSettings(Group):
    """What people's own data are, where it is not to be recognised; each source takes some of it, a task of the paper nothing."""

    kind: Annotated[
        str | None, Field(description="Kind of your own targets: classification, multi-label, regression, mask, segmentation or dense.")
    ] = None
    metric: Annotated[str | None, Field(description="Metric for your own data, such as 'balanced accuracy', AUROC, 'log loss' or R2.")] = (
        None
    )
    class_weights: Annotated[bool, Field(description="Rare classes of your own data count as much as frequent ones.")] = False
    axes: Annotated[str | None, Field(description="Axes of arrays of samples: NCHW, NHWC, NHW, NSD or NDS.")] = None
    target_axes: Annotated[str | None, Field(description="Axes of arrays of targets for each pixel: NCHW or NHWC.")] = None
    label: Annotated[str | int | None, Field(description="Column of a table that holds the label, by name or number from 0.")] = None
    drop: Annotated[str | None, Field(description="Columns of a table that are left out, as id,day; an empty text keeps all.")] = None
    channels: Annotated[int | None, Field(ge=1, description="Channels of the series in a row of a table.")] = None
    layout: Annotated[
        str | None, Field(description="What a row of a table holds one after the other: steps (all channels of one) or channels.")
    ] = None
    split: Annotated[str | None, Field(description="Column of a table that says train, valid or test.")] = None
    size: Annotated[str | None, Field(description="HEIGHT,WIDTH that all images of a folder are scaled to.")] = None

    @field_validator("size")
    @classmethod
    def _size_is_readable(cls, size: str | None) -> str | None:
        if size is not None and not re.fullmatch(r"[1-9]\d{0,4},[1-9]\d{0,4}", size):
            raise ValueError(f"size must be HEIGHT,WIDTH in pixels, as 32,32, not {size!r}")
        return size

    @field_validator("metric")
    @classmethod
    def _metric_is_known(cls, metric: str | None) -> str | None:
        from einspace.tasks import metric_named

        if metric is not None:
            try:
                metric_named(metric)
            except EinspaceError as error:
                raise ValueError(str(error)) from None
        return metric

    def build(self) -> "DataOptions":
        """What is said, as a task takes it."""
        from einspace.tasks import DataOptions

        size = None if self.size is None else tuple(map(int, self.size.split(",")))
        drop = None if self.drop is None else tuple(word.strip() for word in self.drop.split(",") if word.strip())
        return DataOptions(**{**self.model_dump(), "size": size, "drop": drop})

    @classmethod
    def of(cls, own: "DataOptions") -> Self:
        """The settings that say the same."""
        said = own.said()
        if own.size is not None:
            said["size"] = f"{own.size[0]},{own.size[1]}"
        if own.drop is not None:
            said["drop"] = ",".join(map(str, own.drop))
        return cls(**said)


class RunSettings(Group):
    """What a run stores in `config.yaml`, and what repeats it there; all but the task are arguments of `study.search`, by these names.

    A setting that only some strategies take is None where nobody gave it: the strategy knows its own default.
    """

    task: Annotated[str, Field(description="A task, as `einspace tasks` lists them, or a file or folder of your own data.")]
    strategy: Annotated[str, Field(description="sampling, validation-sampling, random, evolution, pareto, mutation, or module:Class.")] = (
        "evolution"
    )
    init: Annotated[str | list[str], Field(description="Initial members, as resnet18,vit,random*8, or texts; none: from scratch.")] = ""
    trials: Annotated[
        int | None, Field(ge=1, description="Architectures that the run has when it is finished: 100 if nothing else bounds the search.")
    ] = None
    iterations: Annotated[int | None, Field(ge=1, description="Trials beside the initial members, in place of --trials.")] = None
    budget: Annotated[str | None, Field(description="Time for the run with its final trainings, as 90s, 30m, 8h or 2d.")] = None
    workers: Annotated[int, Field(ge=1, description="Worker processes.")] = 2
    seed: Annotated[int, Field(ge=0, lt=2**62, description="Same seed, same result.")] = 0
    runs: Annotated[str, Field(description="The folder of all runs.")] = "runs"
    population: Annotated[int | None, Field(ge=1, description="Architectures that can be parents: 100 if not set.")] = None
    tournament: Annotated[int | None, Field(ge=1, description="How many of them compete to be one: 10 if not set.")] = None
    crossover: Annotated[float | None, Field(ge=0, le=1, description="Probability that a child has two parents: 0 if not set.")] = None
    cost: Annotated[str | None, Field(description="What the strategy pareto keeps small: parameters if not set, flops or latency.")] = None
    time_limit: Annotated[float | None, Field(gt=0, description="Seconds that one trial may take.")] = 3600.0
    computation_probability: Annotated[
        float, Field(gt=0, le=1, description="p(M -> C), the share of computation modules."), Flags(("-p", "--probability"))
    ] = COMPUTATION_PROBABILITY
    pruner: Annotated[str, Field(description="none, median, halving or hyperband: gives up trials early.")] = "none"
    final_seeds: Annotated[int, Field(ge=1, le=100, description="Seeds of the final trainings; mean and spread are told.")] = 1
    keep_weights: Annotated[bool, Field(description="Keep the weights of the final trainings, for `einspace export`.")] = False
    recipe: RecipeSettings = RecipeSettings()
    limits: LimitSettings = LimitSettings()
    own: OwnSettings = OwnSettings()

    def arguments(self) -> dict[str, Any]:
        """The arguments of `study.search`, but for the task and what it holds."""
        groups = {"recipe": self.recipe.model_dump(), "limits": self.limits.build()}
        return {name: getattr(self, name) for name in RunSettings.model_fields if name not in OF_THE_TASK} | groups


class SearchSettings(RunSettings):
    """Every option of a search. The command line takes its flags, defaults and help from here, and a file its keys.

    What stands here and not in a run's settings decides where data and work lie, and what is shown and told, not what is found; and
    `storage` can hold a password.
    """

    run: Annotated[str | None, Field(description="The run's name; the same name continues it.")] = None
    storage: Annotated[str | None, Field(description="postgresql+psycopg://user@host/name, for several machines.")] = None
    patience: Annotated[float, Field(ge=0, description="Seconds that a server of --storage may be away.")] = 60.0
    devices: Annotated[str | None, Field(description="What the workers train on, as cuda:0,cuda:1; none: the CPU.")] = None
    executor: Annotated[str, Field(description="Where trials run: processes or ray.")] = "processes"
    address: Annotated[str | None, Field(description="Of a Ray cluster; none: RAY_ADDRESS, or Ray on this machine.")] = None
    cpus_per_trial: Annotated[float | None, Field(gt=0, description="That Ray gives to a trial: 1 if not set.")] = None
    gpus_per_trial: Annotated[float | None, Field(ge=0, description="That Ray gives to a trial; 0.5: two share one.")] = None
    data_folder: Annotated[
        str | None, Field(description="The folder of the official files; else $EINSPACE_DATA, else ./data."), Flags(("--data",))
    ] = None
    live: Annotated[bool, Field(description="Show the report in a browser while the search runs; prints its address.")] = False
    top: Annotated[int, Field(ge=1, description="The best architectures that are shown at the end.")] = 5
    log: Annotated[
        list[str],
        Field(description="Tell tensorboard[:DIR], mlflow[:URI] or wandb[:PROJECT] of every trial; may be given several times."),
    ] = []

    @field_validator("task")
    @classmethod
    def _task_is_known(cls, task: str) -> str:
        from einspace import tasks

        return task if tasks.is_path(task) else _known("task", task, tasks.names())

    @field_validator("strategy")
    @classmethod
    def _strategy_is_known(cls, strategy: str) -> str:
        from einspace import strategies

        try:
            strategies.class_of(strategy)
        except EinspaceError as error:
            raise ValueError(str(error)) from None
        return strategy

    @field_validator("budget")
    @classmethod
    def _budget_is_readable(cls, budget: str | None) -> str | None:
        from einspace.config.durations import seconds_of

        try:
            return budget if budget is None or seconds_of(budget) else None
        except EinspaceError as error:
            raise ValueError(str(error)) from None

    @field_validator("init")
    @classmethod
    def _init_is_readable(cls, init: str | list[str]) -> str | list[str]:
        from einspace import strategies

        try:
            strategies.parse_initial(init)
        except EinspaceError as error:
            raise ValueError(str(error)) from None
        return init

    @field_validator("population", "tournament", "crossover", "cost")
    @classmethod
    def _strategy_takes_it(cls, value: float | str | None, info: ValidationInfo) -> float | str | None:
        from einspace import strategies

        if value is not None and "strategy" in info.data and info.field_name is not None:
            try:
                strategies.check_takes(info.data["strategy"], info.field_name, value)
            except EinspaceError as error:
                raise ValueError(str(error)) from None
        return value


def _known(kind: str, name: str, known: tuple[str, ...]) -> str:
    if name not in known:
        raise ValueError(str(UnknownNameError(kind, name, known)))
    return name
