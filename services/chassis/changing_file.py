"""A file that others replace while processes run: keys and certificates that are rotated."""

from pathlib import Path


class ChangingFile:
    """Notices that a file was written again, or that its link leads to another one.

    A look costs one system call, so it may be taken on the road of a request.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._stamp: tuple[int, int, int] | None = None

    def content(self) -> bytes | None:
        """The content where it changed since the last call; None otherwise.

        A file that is away for a moment, as while it is replaced, counts as unchanged.
        """
        try:
            status = self.path.stat()
            stamp = (status.st_mtime_ns, status.st_ino, status.st_size)
            if stamp == self._stamp:
                return None
            content = self.path.read_bytes()
        except OSError:
            return None
        self._stamp = stamp
        return content
