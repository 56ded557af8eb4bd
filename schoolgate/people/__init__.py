"""Users, their sign-in and the first set-up link."""
