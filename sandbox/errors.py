"""What can go wrong in a sandbox, said in one line that ends with what to do about it."""


class SandboxError(Exception):
    """An expected failure. Its text is one line: what is wrong, then what to do."""
