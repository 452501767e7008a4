"""What ends a server, in one line, as a fatal log line of the real one does."""


class FatalError(Exception):
    """The server cannot go on; its text is the last line of the log."""


class FinishedError(Exception):
    """The server was started for something that it has done."""


class ChildEndedError(FatalError):
    """A program that has to run does not any more."""

    def __init__(self, name: str, code: int) -> None:
        super().__init__(f"{name} exited: {code}")
        self.name = name
        self.code = code
