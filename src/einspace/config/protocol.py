"""Protocol: the defaults of a search for the best network within a budget, and those of the paper's experiments."""

from dataclasses import dataclass

from einspace.errors import SettingError, UnknownNameError

OURS, PAPER = "einspace", "paper"
NAMES = (OURS, PAPER)
"""Every protocol by its name; the first is that of a search that names none."""

ELITE, SMALL = 5, 20
"""The best trials that stay members of a population of at most `SMALL`, whose search is so short that the best seed ages out too soon."""

SAMPLES = 10
"""Members to each random sample among the initial ones."""

MOST_MEMBERS = 100_000
"""Members of a population, at most; more are refused with the other settings."""

TRIALS_A_WORKER = 50
"""The trials of a worker that the size of the population is computed for, where only time bounds the search."""


@dataclass(frozen=True)
class Protocol:
    """The defaults of a search; an option that is given wins over them.

    Args:
        name: One of `NAMES`.
        population: Members of an evolving strategy's population.
        tournament: Members that compete to be a parent.
        elite: The best trials that stay members of a population whose members are removed by age.
        samples: Random samples beside the baselines, where an evolving strategy was given no initial members.
        multiple: What a trial may cost, without a budget of time, in costs of the largest small baseline; None: whatever the limits allow,
            with a budget too.
        least_trials: The trials of each worker that a budget of time must have room for.
        share: The part of a budget of time that is counted as the search's own where it is decided what a trial may take.
        edits: The share of the children that are edited as people edit networks, in place of a mutation as in the paper.
        widening: The probability that a child is the best network so far with all its widths doubled, while no trial is that.
        recipe_changes: The probability that recipe or head of a child change.
        race: Whether the best candidates are trained again before one of them is believed to be the best, where that makes sense.
    """

    name: str = PAPER
    population: int = 100
    tournament: int = 10
    elite: int = 0
    samples: int = 0
    multiple: float | None = None
    least_trials: int = 1
    share: float = 0.5
    edits: float = 0.0
    widening: float = 0.0
    recipe_changes: float = 0.0
    race: bool = False

    @property
    def options(self) -> dict[str, float]:
        """The options of an evolving strategy that a protocol decides, by the names that the strategy has for them."""
        names = ("population", "tournament", "elite", "edits", "widening", "recipe_changes")
        return {name: getattr(self, name) for name in names}

    @classmethod
    def of(cls, name: str, trials: int | None, workers: int, population: int | None = None) -> "Protocol":
        """The protocol of this name, for a search of so many trials; None where only time bounds it.

        A `population` that was given decides the size of a tournament.

        Raises UnknownNameError for another name, and SettingError for numbers that make no sense.

        >>> Protocol.of("einspace", 100, 2).population, Protocol.of("paper", 100, 2).population
        (20, 100)
        """
        if name not in NAMES:
            raise UnknownNameError("protocol", name, NAMES)
        for option, value, none in (("trials", trials, ", or None"), ("workers", workers, "")):
            if value is not None and (type(value) is not int or value < 1):
                raise SettingError(f"{option} must be a whole number of at least 1{none}, not {value!r}")
        if name == PAPER:  # 100 members, tournaments of 10 (section 4.1)
            return cls()
        if type(population) is not int or population < 1:
            population = min(50, max(10, (TRIALS_A_WORKER * workers if trials is None else trials) // 5))
        population = min(population, MOST_MEMBERS)
        elite, samples = ELITE if population <= SMALL else 0, population // SAMPLES
        return cls(
            name, population, max(1, population // 2), elite, samples, 4.0, 25, edits=0.7, widening=0.5, recipe_changes=0.3, race=True
        )
