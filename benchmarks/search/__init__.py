"""The benchmark of the search: methods, tasks and seeds at equal wall-clock time. `python -m benchmarks.search --help` says how."""
