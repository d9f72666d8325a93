"""RPython: the Python 2.7 side (`sepcomp`) and what is needed to run it from Python 3."""
