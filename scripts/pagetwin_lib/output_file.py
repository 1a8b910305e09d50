"""The file that a command leaves at its end. Whether it can be written is asked before the work, and what was there before
gives way only to a whole result."""

import errno
import os
import shutil
import tempfile
from pathlib import Path

from pagetwin_lib.project import Failure

# Bytes. Linux takes 255 and 4096; what becomes the file has a longer name, and folders below it.
LONGEST_NAME, LONGEST_PATH = 248, 3000


class OutputFile:
    def __init__(self, path: Path, option: str | None = None) -> None:
        """Folders that are missing are made at the end. What goes wrong is said of the path, or of the option that has it."""
        self._path = path
        self._name = f"{option}: {path}" if option else str(path)
        self._check_name()
        self._is_device = path.exists() and not path.is_file()  # as /dev/null: nothing to replace
        # A link goes on leading to its file; that of a pipe, as /dev/stdout, resolves to a name that does not exist.
        self._target = path if self._is_device else path.resolve()
        self.part = self._target if self._is_device else self._target.with_name(f".{self._target.name}.part")
        self._check()

    def _check_name(self) -> None:
        """First, as nothing else can be asked of a name that is too long."""
        names = [len(os.fsencode(name)) for name in self._path.parts]
        if max(names, default=0) > LONGEST_NAME or sum(names) > LONGEST_PATH:
            raise self._refusal(OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG)))

    def _refusal(self, error: OSError, where: str = "") -> Failure:
        return Failure(f"{self._name}: cannot be written: {where}{error.strerror}")

    def _check(self) -> None:
        if self._target.is_dir():
            raise Failure(f"{self._name}: expected a file to write, found a folder")
        if self._target.exists() and not os.access(self._target, os.W_OK):
            raise Failure(f"{self._name}: cannot be written: permission denied")
        if not self._is_device:
            folder = next(folder for folder in self._target.parents if folder.exists())
            if not folder.is_dir():
                raise Failure(f"{self._name}: cannot be written: {folder} is a file, not a folder")
            self._try_folder(folder)

    def _try_folder(self, folder: Path) -> None:
        """Nothing else says reliably that a file can be made there."""
        try:
            with tempfile.NamedTemporaryFile(dir=folder, prefix=".pagetwin-"):
                pass
        except OSError as error:
            raise self._refusal(error, f"{folder}: ") from error

    def write(self, text: str) -> None:
        try:
            self.part.parent.mkdir(parents=True, exist_ok=True)
            self.part.write_text(text, encoding="utf-8")
            self.finish()
        except OSError as error:
            raise self._refusal(error) from error
        finally:
            self.discard()

    def finish(self) -> None:
        """What is in `part` is whole: it becomes the result."""
        if self._is_device:
            return
        if self._target.exists():
            shutil.copymode(self._target, self.part)
        self.part.replace(self._target)

    def discard(self) -> None:
        """Leaves nothing behind that is not whole; harmless after finish."""
        if not self._is_device:
            self.part.unlink(missing_ok=True)


def output_file(name: str | None) -> OutputFile | None:
    """None for standard output, which "-" means too."""
    return None if name in (None, "-") else OutputFile(Path(name))
