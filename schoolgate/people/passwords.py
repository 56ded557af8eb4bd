"""How passwords are hashed: Argon2id, 19 MiB, two passes, one lane (OWASP's smallest advice)."""

from django.contrib.auth.hashers import Argon2PasswordHasher


class Argon2id(Argon2PasswordHasher):
    """About 20 ms a sign-in."""

    time_cost = 2
    memory_cost = 19 * 1024
    parallelism = 1
