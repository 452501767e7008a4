"""What ends a server, in one line, as a fatal log line of the real one does."""


class FatalError(Exception):
    """The server cannot go on; its text is the last line of the log."""
