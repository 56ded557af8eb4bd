"""The one exception by which an action says no to a person."""


class Refusal(Exception):
    """An invariant forbids the action. Its text is a sentence for the user: what to do instead."""
