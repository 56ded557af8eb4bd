"""How passwords are hashed, and what is said of one that will not do (S23)."""

from django.contrib.auth.hashers import Argon2PasswordHasher
from django.contrib.auth.password_validation import (
    CommonPasswordValidator,
    MinimumLengthValidator,
    UserAttributeSimilarityValidator,
)
from django.core.exceptions import ValidationError


class Argon2id(Argon2PasswordHasher):
    """Argon2id, 19 MiB, two passes, one lane (OWASP's smallest advice). About 20 ms a sign-in."""

    time_cost = 2
    memory_cost = 19 * 1024
    parallelism = 1


class LongEnough(MinimumLengthValidator):
    """Names how long the password is; never the password."""

    def validate(self, password: str, user: object = None) -> None:
        if len(password) < self.min_length:
            has = "1 character" if len(password) == 1 else f"{len(password)} characters"
            raise ValidationError(
                f"Choose a password of at least {self.min_length} characters: this one has {has}.",
                code="password_too_short",
            )


class NotCommon(CommonPasswordValidator):
    """Against Django's list of the passwords that are used most."""

    def get_error_message(self) -> str:
        return "Choose another password: this one is used by so many people that it is guessed."


class NotOwnName(UserAttributeSimilarityValidator):
    """Not the user's own name or address, nor anything close to it."""

    def get_error_message(self) -> str:
        return "Choose a password that is not like your name or e-mail address: this one is."
