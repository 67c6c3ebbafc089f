"""Phases of a run beside its search: baselines, the race and its decision, final trainings, and the time that is kept for them."""
