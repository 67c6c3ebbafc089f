"""The report of sampling: its attempts and decisions."""

from dataclasses import dataclass, field


@dataclass
class SamplingReport:
    """Counts of attempts and decisions; pass one in, and sampling fills it."""

    samples: int = 0
    decisions: int = 0
    backtracks: int = 0
    over_budget: int = 0
    """Attempts restarted because they ran out of decisions: these bias towards small networks."""
    outgrown: dict[str, int] = field(default_factory=dict)
    """Attempts given up because they outgrew a limit, by the limit."""
    too_small: int = 0
    """Attempts whose network has too few parameters."""

    @property
    def attempts(self) -> int:
        """Attempts made, the successful ones included."""
        return self.samples + self.over_budget + sum(self.outgrown.values()) + self.too_small

    @property
    def acceptance(self) -> float:
        """Share of the attempts that gave a sample: what a range of sizes costs."""
        return self.samples / self.attempts if self.attempts else 1.0


class AttemptGivenUp(Exception):
    """An attempt that ran out of decisions (no limit named) or outgrew a limit."""

    def __init__(self, limit: str | None) -> None:
        super().__init__(limit)
        self.limit = limit
