"""`python -m einspace` is `einspace`."""

from einspace.cli import main

main()
