"""Plurals: a number of things is written by `quantities.counted`, and by nothing else."""

import re
from pathlib import Path

import einspace

BY_HAND = re.compile(r"""else ['"]s['"]|['"]s['"] \* ?\(""")


def test_no_message_puts_a_plural_together_by_hand() -> None:
    """Else "1 trials" comes back in one place while another has it right."""
    source = Path(einspace.__file__).parent
    found = [path.name for path in source.rglob("*.py") if BY_HAND.search(path.read_text())]
    assert found == ["quantities.py"]
