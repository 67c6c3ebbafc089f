"""Quantities: how large numbers and times are written for people."""


def quantity(value: float) -> str:
    """A number in three or four digits and a suffix.

    >>> quantity(950), quantity(11_210_560)
    ('950', '11.2 M')
    """
    for size, suffix in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if value >= size:
            return f"{value / size:.3g}{suffix}"
    return f"{value:.4g}"


def duration(seconds: float) -> str:
    """A time in its two largest units.

    >>> duration(0.25), duration(59.7), duration(75), duration(7_500), duration(200_000)
    ('0.2 s', '1 min', '1 min 15 s', '2 h 5 min', '2 d 7 h')
    """
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    left = round(seconds)
    parts: list[tuple[int, str]] = []
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")):
        if left >= size or parts:
            parts.append((left // size, unit))
        left %= size
    return " ".join(f"{count} {unit}" for count, unit in parts[:2] if count)
