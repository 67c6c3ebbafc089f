"""RunSettings and SearchSettings: the options of a search, with their types, ranges, defaults, flags and descriptions."""

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, ValidatorFunctionWrapHandler, field_validator

from einspace.config.protocol import MOST_MEMBERS, Protocol
from einspace.errors import EinspaceError, UnknownNameError
from einspace.grammar import COMPUTATION_PROBABILITY, named_grammar
from einspace.limits import Limits
from einspace.quantities import seconds_of
from einspace.reading import DataOptions

if TYPE_CHECKING:
    from einspace.evaluation.compute import Compute

OF_THE_TASK = ("task", "own")
"""Settings of a run that are part of its task, and no other argument of `study.search`."""

OF_A_STRATEGY = (
    "population",
    "tournament",
    "elite",
    "crossover",
    "edits",
    "widening",
    "recipe_changes",
    "adaptive",
    "surrogate",
    "learned",
    "cost",
)
"""Settings that only some strategies take."""

WEIGHTS = ("best", "all", "none")
"""The networks whose weights the final trainings leave in the run's folder."""


class OptionGroup(BaseModel):
    """Options that stand together: nothing is guessed from a value of another type, and an unknown name is a mistake."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)

    @field_validator("*", mode="before")
    @classmethod
    def _has_no_nul(cls, value: Any, info: ValidationInfo) -> Any:
        texts = value if isinstance(value, list) else [value]
        if any(isinstance(text, str) and "\0" in text for text in texts):
            raise ValueError(f"{info.field_name} holds a NUL, which no name of a file, and no address, can hold")
        return value


class RecipeSettings(OptionGroup):
    """Changes to the task's recipe; an option that is not given stays as in the task."""

    epochs_search: Annotated[int | None, Field(ge=1, description="Epochs of a trial.")] = None
    epochs_final: Annotated[int | None, Field(ge=1, description="Epochs of the final training.")] = None
    batch_size: Annotated[int | None, Field(ge=2, description="Number of samples in a training step.")] = None
    learning_rate: Annotated[
        float | None,
        Field(gt=0, description="Highest learning rate, reached after the warmup; a cosine lowers it to zero (but see --pruner rungs)."),
    ] = None
    weight_decay: Annotated[float | None, Field(ge=0, description="Weight decay of the optimizer.")] = None
    momentum: Annotated[float | None, Field(ge=0, lt=1, description="Momentum of stochastic gradient descent.")] = None
    warmup: Annotated[
        float | None, Field(ge=0, lt=1, description="Share of the steps over which the learning rate rises to its value.")
    ] = None
    clip: Annotated[float | None, Field(ge=0, description="Largest norm of the gradient; 0 does not clip it.")] = None
    nesterov: Annotated[bool | None, Field(description="Use Nesterov's momentum.")] = None
    smoothing: Annotated[float | None, Field(ge=0, lt=1, description="Label smoothing of a classification.")] = None
    averaging: Annotated[
        float | None,
        Field(ge=0, lt=1, description="Decay of a moving average of the weights, which is scored in their place; 0 keeps none."),
    ] = None
    optimizer: Annotated[
        str | None, Field(description="Optimizer: sgd, or adamw with 0.04 times the learning rate and 100 times the weight decay.")
    ] = None

    @field_validator("optimizer")
    @classmethod
    def _optimizer_is_known(cls, optimizer: str | None) -> str | None:
        from einspace.tasks.recipe import OPTIMIZERS

        if optimizer is not None and optimizer not in OPTIMIZERS:
            raise ValueError(str(UnknownNameError("optimizer", optimizer, OPTIMIZERS)))
        return optimizer


class ComputeSettings(OptionGroup):
    """Options that make training and scoring faster, and change scores by no more than rounding."""

    precision: Annotated[str, Field(description="Precision of matrix products and convolutions: fp32 or bf16.")] = "fp32"
    channels_last: Annotated[
        bool | None, Field(description="Keep the channels of images innermost in memory; if not set, only on the CPU.")
    ] = None
    compile: Annotated[bool, Field(description="Compile each network by torch.compile, which pays where trainings are long.")] = False

    @field_validator("precision")
    @classmethod
    def _precision_is_known(cls, precision: str) -> str:
        from einspace.evaluation.compute import PRECISIONS

        if precision not in PRECISIONS:
            raise ValueError(str(UnknownNameError("precision", precision, PRECISIONS)))
        return precision

    def build(self) -> "Compute":
        """The options as a training takes them."""
        from einspace.evaluation.compute import Compute

        return Compute(**self.model_dump())


class RunSettings(OptionGroup):
    """The settings that a run stores in `config.yaml`; all but the task are arguments of `study.search`, by these names.

    A setting that only some strategies take is None where it was not given: the strategy has the default.
    """

    task: Annotated[str, Field(description="A task, as `einspace tasks` lists them, or a file or folder of your own data.")]
    strategy: Annotated[
        str, Field(description="Search strategy: sampling, validation-sampling, random, evolution, pareto, mutation, or module:Class.")
    ] = "evolution"
    protocol: Annotated[
        str | None, Field(description="Defaults of the search: einspace, or paper for those of the paper's experiments.")
    ] = None
    init: Annotated[
        str | list[str] | None,
        Field(
            description="Initial members, such as resnet18,vit,random*8 or architectures in brackets; an empty text starts from scratch."
        ),
    ] = None
    trials: Annotated[
        int | None,
        Field(ge=1, description="Number of trials, which are the architectures that the search trains; those of a continued run count."),
    ] = None
    iterations: Annotated[int | None, Field(ge=1, description="Number of trials without the initial members, in place of --trials.")] = None
    budget: Annotated[
        str | None,
        Field(description="Time of the whole run, such as 90s, 30m or 2d; if nothing bounds it 4m (paper: 1000 trials or 500 iterations)."),
    ] = None
    workers: Annotated[
        int | None, Field(ge=1, le=10_000, description="Number of worker processes: one for each GPU of --devices if not set, or else 2.")
    ] = None
    seed: Annotated[
        int, Field(ge=0, lt=2**62, description="Seed of all random choices; runs repeat only with one worker and a number of trials.")
    ] = 0
    runs: Annotated[str, Field(description="The folder of all runs.")] = "runs"
    population: Annotated[
        int | None,
        Field(
            ge=1,
            le=MOST_MEMBERS,
            description="Number of architectures that can be parents; if not set, a fifth of the trials or 10 a worker, from 10 to 50.",
        ),
    ] = None
    tournament: Annotated[
        int | None, Field(ge=1, description="Number of members that compete to be a parent; if not set, half of the population.")
    ] = None
    elite: Annotated[
        int | None,
        Field(
            ge=0,
            description="Number of the best trials that stay parents at any age; if not set, 5 where the population is at most 20, else 0.",
        ),
    ] = None
    crossover: Annotated[float | None, Field(ge=0, le=1, description="Probability that a child has two parents: 0 if not set.")] = None
    edits: Annotated[float | None, Field(ge=0, le=1, description="Share of children that are edited as by hand: 0.7 if not set.")] = None
    widening: Annotated[
        float | None,
        Field(ge=0, le=1, description="Probability that a child is the best network at twice its width, if that is new: 0.5 if not set."),
    ] = None
    recipe_changes: Annotated[
        float | None, Field(ge=0, le=1, description="Probability that the recipe or the head of a child is changed: 0.3 if not set.")
    ] = None
    adaptive: Annotated[
        bool | None, Field(description="Draw more often the kinds of change that made children better: false if not set.")
    ] = None
    surrogate: Annotated[
        bool | None, Field(description="Let a model of the finished trials choose which of several proposals is trained: false if not set.")
    ] = None
    learned: Annotated[
        bool | None, Field(description="Draw mutants with production probabilities that are fitted to the best trials: false if not set.")
    ] = None
    cost: Annotated[
        str | None, Field(description="Cost that the strategy pareto keeps small: parameters if not set, flops or latency.")
    ] = None
    inherit: Annotated[bool, Field(description="Start children with the weights of their parents, for half of the epochs.")] = False
    time_limit: Annotated[
        float | None,
        Field(gt=0, description="Seconds that one trial may take; if not set, what fits the budget, or 3600; evaluate has no limit."),
    ] = None
    grammar: Annotated[
        str | None,
        Field(description="Grammar: paper, sequences (default for series, except in the protocol paper), or recurrent (scans, products)."),
    ] = None
    computation_probability: Annotated[float, Field(gt=0, le=1, description="Probability p(M -> C), the share of computation modules.")] = (
        COMPUTATION_PROBABILITY
    )
    pruner: Annotated[str, Field(description="Pruner that stops trials early: none, median, halving, hyperband or rungs.")] = "none"
    final_seeds: Annotated[
        int,
        Field(
            ge=0,
            le=100,
            description="Number of final trainings, each with its own seed; their mean and standard deviation are reported.",
        ),
    ] = 1
    race: Annotated[
        bool | None, Field(description="Train the best and the best baseline again, for a verdict; if not set, from 10 trials on.")
    ] = None
    keep_weights: Annotated[
        str,
        Field(
            description="Networks whose trained weights are kept: best (the best and the recommended), all (also baselines and finalists "
            "of the decision) or none."
        ),
    ] = "best"
    report: Annotated[bool, Field(description="Write report.html, about 5 MB, into the run's folder.")] = True
    recipe: RecipeSettings = RecipeSettings()
    limits: Limits = Limits()
    compute: ComputeSettings = ComputeSettings()
    own: DataOptions = DataOptions()

    @field_validator("keep_weights")
    @classmethod
    def _keep_weights_is_known(cls, keep: str) -> str:
        if keep not in WEIGHTS:
            raise ValueError(str(UnknownNameError("choice of weights", keep, WEIGHTS)))
        return keep

    def arguments(self) -> dict[str, Any]:
        """The arguments of `study.search`, but for the task and what it holds."""
        values = {name: getattr(self, name) for name in RunSettings.model_fields if name not in OF_THE_TASK}
        return values | {"recipe": self.recipe.model_dump(), "compute": self.compute.build()}


class SearchSettings(RunSettings):
    """Every option of a search, from which the command line and a settings file follow.

    The fields that `RunSettings` has not decide where data and work lie and what is shown, not the results; `storage` can hold a password.
    """

    run: Annotated[str | None, Field(description="Name of the run; the name of an earlier run continues it.")] = None
    proposer: Annotated[
        str | None,
        Field(description="Command of a program that proposes architectures in place of a strategy; a settings file cannot give it."),
    ] = None
    storage: Annotated[
        str | None, Field(description="Address of a database that several machines share, such as postgresql+psycopg://user@host/name.")
    ] = None
    patience: Annotated[float, Field(ge=0, description="Seconds that the database server of --storage may be away.")] = 60.0
    devices: Annotated[str | None, Field(description="Devices that the workers train on, such as cuda:0,cuda:1; the CPU if not given.")] = (
        None
    )
    executor: Annotated[str, Field(description="Executor that runs the trials: processes or ray.")] = "processes"
    address: Annotated[
        str | None, Field(description="Address of a Ray cluster; if not given, $RAY_ADDRESS, or else Ray on this machine.")
    ] = None
    cpus_per_trial: Annotated[float | None, Field(gt=0, description="Number of CPUs that Ray gives to a trial: 1 if not set.")] = None
    gpus_per_trial: Annotated[
        float | None, Field(ge=0, description="Number of GPUs that Ray gives to a trial; with 0.5, two trials share one.")
    ] = None
    data_folder: Annotated[str | None, Field(description="Folder of the paper's data sets; $EINSPACE_DATA or ./data if not given.")] = None
    live: Annotated[bool, Field(description="Serve the report while the search runs, and print its address for a browser.")] = False
    top: Annotated[int, Field(ge=1, description="Number of the best architectures that are shown at the end.")] = 5
    log: Annotated[
        list[str], Field(description="Tracker to log to: tensorboard[:DIR], mlflow[:URI] or wandb[:PROJECT]; may be given several times.")
    ] = []

    @field_validator("task", "strategy", "protocol", "init", "budget", "grammar", *OF_A_STRATEGY, "limits", "own", mode="wrap")
    @classmethod
    def _makes_sense(cls, given: object, validate: ValidatorFunctionWrapHandler, info: ValidationInfo) -> Any:
        """Refuse with its place in the file, before anything begins, a value that the search would refuse."""
        from einspace import strategies, tasks

        try:
            value = validate(given)
            match info.field_name:
                case "task" if not tasks.is_path(value) and value not in tasks.names():
                    raise UnknownNameError("task", value, tasks.names())
                case "strategy":
                    strategies.class_of(value)
                case "protocol" if value is not None:
                    Protocol.of(value, None, 1)
                case "grammar" if value is not None:
                    named_grammar(value)
                case "init" if value is not None:
                    strategies.parse_initial(value)
                case "budget" if value is not None:
                    seconds_of(value)
                case "own" if value.metric is not None:
                    tasks.metric_named(value.metric)
                case name if name in OF_A_STRATEGY and value is not None and "strategy" in info.data:
                    strategies.check_takes(info.data["strategy"], name, value)
        except EinspaceError as error:
            raise ValueError(str(error)) from None
        return value
