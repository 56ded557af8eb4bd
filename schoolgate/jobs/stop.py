"""The exception by which a command ends with a sentence."""


class Stop(Exception):
    """The command cannot go on. Its text begins with the remedy; the exit status is 2."""
