"""The door for the clock and the operator: the command line and the worker."""
