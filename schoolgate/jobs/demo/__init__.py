"""doc"""

from schoolgate.jobs.demo.loading import PASS_PHRASE, SIGN_INS, load

__all__ = ["PASS_PHRASE", "SIGN_INS", "load"]
