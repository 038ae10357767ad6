"""A file that others replace while processes run: keys and certificates that are rotated."""

from pathlib import Path

Stamp = tuple[int, int, int]


def file_stamp(path: Path) -> Stamp | None:
    """What changes when a file is written again or replaced; None while there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_ino, status.st_size


class ChangingFile:
    """Notices that a file was written again, or that its link leads to another one.

    A look costs one system call, so it may be taken on the road of a request.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._stamp: Stamp | None = None

    def content(self) -> bytes | None:
        """The content where it changed since the last call; None otherwise.

        A file that is away for a moment, as while it is replaced, counts as unchanged.
        """
        stamp = file_stamp(self.path)
        if stamp is None or stamp == self._stamp:
            return None
        try:
            content = self.path.read_bytes()
        except OSError:
            return None
        self._stamp = stamp
        return content
