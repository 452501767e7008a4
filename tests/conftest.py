"""How every property test runs: on a slow machine it is as right as on a fast one."""

from hypothesis import settings

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
