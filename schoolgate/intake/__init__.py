"""Records arriving in bulk: read, map, check, plan, apply, undo."""
