"""`python -m einspace.cli` is `einspace`."""

from einspace.cli import main

main()
