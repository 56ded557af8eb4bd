"""Headers that every answer carries (S59)."""
