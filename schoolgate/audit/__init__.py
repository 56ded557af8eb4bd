"""Events: append-only, hash-chained by batch."""
