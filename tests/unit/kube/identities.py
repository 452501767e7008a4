"""Certificates for tests, made when they are asked for."""

from datetime import UTC, datetime
from functools import cache

from kube.certificates import KeyPair, Subject, issue, new_authority


@cache
def authority(name: str = "test") -> KeyPair:
    return new_authority(name, now=datetime.now(UTC))


@cache
def client(name: str) -> KeyPair:
    return issue(authority(), Subject(name), usages=["client"], now=datetime.now(UTC))
