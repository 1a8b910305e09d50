"""Records which memory a program accesses: runs it under valgrind's lackey and writes the stream while it runs.

It refuses to know the format of the stream. Whatever ends a recording early (an interruption, the limit, a full disk, a
line that lackey does not print), what came before is a whole stream.
"""

import os
import select
import shutil
import signal
import subprocess
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from pagetwin_lib import access_stream, lackey_log
from pagetwin_lib.output_file import OutputFile
from pagetwin_lib.project import BAD_INPUT, OK, OUT, Failure, say, shown

FOLDER = OUT / "accesses"
LACKEY = ["valgrind", "--tool=lackey", "--trace-mem=yes", "--basic-counts=no", "--child-silent-after-fork=yes"]
CHUNK = 1 << 20
PATIENCE = 0.1  # seconds without an access until it is asked whether the program still runs
GRACE = 5.0  # seconds between asking a program to end and killing it


def default_output(name: str) -> Path:
    return FOLDER / f"{Path(name).stem or 'program'}.accesses"


class Stream:
    """Accesses from `skip` on, at most `limit` of them, into a writer."""

    def __init__(self, writer: access_stream.Writer, skip: int, limit: int | None) -> None:
        self.writer = writer
        self.parser = lackey_log.Parser()
        self.skip = skip  # still to be left out
        self._limit = limit
        self.trouble: str | None = None
        self.is_cut = False

    @property
    def is_full(self) -> bool:
        return self._limit is not None and self.writer.count >= self._limit

    def add(self, lines: list[bytes]) -> None:
        left = None if self._limit is None else self._limit - self.writer.count
        self.writer.add(islice(self._after_skip(lines), left))

    def _after_skip(self, lines: list[bytes]) -> Iterator[lackey_log.Access]:
        accesses = self.parser.accesses(lines)
        while self.skip and next(accesses, None) is not None:
            self.skip -= 1
        yield from accesses

    def take(self, chunks: Iterable[bytes]) -> None:
        """Until the chunks end, the limit is reached, or there is trouble. A last line without an end is cut off."""
        rest = b""
        try:
            for chunk in chunks:
                *lines, rest = (rest + chunk).split(b"\n")
                self.add(lines)
                if self.is_full:
                    return
            self.is_cut = bool(rest)
        except lackey_log.BadLine as bad:
            self.trouble = str(bad)
        except access_stream.Full as full:
            self.trouble = f"cannot write on: {full}"


class Traced:
    """COMMAND under lackey. Signals go on to it; the second one kills it."""

    def __init__(self, command: list[str]) -> None:
        if not shutil.which("valgrind"):
            raise Failure("valgrind is missing; install it: apt-get install valgrind")
        if not shutil.which(command[0]):
            raise Failure(f"'{command[0]}' is not a program that can be run")
        self.signals = 0
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._forward)
        self._pipe, far_end = os.pipe()
        self._child = subprocess.Popen([*LACKEY, f"--log-fd={far_end}", "--", *command], pass_fds=[far_end])
        os.close(far_end)

    def _forward(self, number: int, _frame) -> None:
        self.signals += 1
        self._send(number if self.signals == 1 else signal.SIGKILL)

    def _send(self, number: int) -> None:
        if self._child.poll() is None:
            self._child.send_signal(number)

    def chunks(self) -> Iterator[bytes]:
        """Not only until all ends of the pipe are closed: a program that it left running holds one."""
        while self._has_more() and (chunk := os.read(self._pipe, CHUNK)):
            yield chunk

    def _has_more(self) -> bool:
        while not select.select([self._pipe], [], [], PATIENCE)[0]:
            if self._child.poll() is not None:
                return bool(select.select([self._pipe], [], [], 0)[0])
        return True

    def end(self, asked: bool) -> int:
        """Its exit status, as a shell has it; a program that is no longer recorded is asked to end first."""
        if asked:
            self._send(signal.SIGTERM)
            signal.signal(signal.SIGALRM, lambda *_: self._send(signal.SIGKILL))
            signal.setitimer(signal.ITIMER_REAL, GRACE)
            for _ in self.chunks():  # else it waits for a reader
                pass
        code = self._child.wait()
        signal.setitimer(signal.ITIMER_REAL, 0)
        os.close(self._pipe)
        return code if code >= 0 else 128 - code


def comments(title: str, skip: int, limit: int | None) -> list[str]:
    part = [f"part: {skip} skipped, at most {limit or 'all'}"] if skip or limit is not None else []
    return [f"command: {title}", "recorded by: scripts/record --accesses, valgrind's lackey", *part]


def accesses_text(count: int) -> str:
    return f"{count:,} access" + ("" if count == 1 else "es")


def keep(output: OutputFile, stream: Stream, name: Path) -> None:
    """The stream as far as it got."""
    if stream.writer.count == 0:
        raise Failure(stream.trouble or "no access was recorded: "
                      + ("COMMAND itself made no more than --skip, and what it starts is not recorded" if stream.parser.line else "valgrind printed none"))
    try:
        stream.writer.finish()
        output.finish()
    except OSError as error:
        raise Failure(f"{shown(name)}: cannot be written: {error.strerror}") from error
    say(f"record: {accesses_text(stream.writer.count)} in {shown(name)}")


def into(path: Path, title: str, skip: int, limit: int | None, work) -> int:
    """Opens the stream, has `work` fill it, and keeps what is whole. The exit status is that of `work`."""
    output = OutputFile(path)
    try:
        output.part.parent.mkdir(parents=True, exist_ok=True)
        with output.part.open("wb", buffering=0) as file:
            stream = Stream(access_stream.Writer(file, comments(title, skip, limit)), skip, limit)
            status = work(stream)
            keep(output, stream, path)
    except access_stream.Full as full:
        raise Failure(f"{path}: cannot be written: {full}") from full
    except OSError as error:
        raise Failure(f"{path}: cannot be written: {error.strerror}") from error
    finally:
        output.discard()
    if stream.trouble:
        say(f"record: {stream.trouble}; the stream ends there")
        return BAD_INPUT
    return status


def record(command: list[str], path: Path, title: str, skip: int, limit: int | None) -> int:
    def work(stream: Stream) -> int:
        traced = Traced(command)
        stream.take(traced.chunks())
        cut = stream.is_full or stream.trouble is not None
        status = traced.end(asked=cut)
        if stream.is_full and not traced.signals:
            say("record: --limit is reached, the command was ended")
            return OK
        if status:
            say(f"record: the command ended with {status}; the stream holds what it did until then")
        return status
    return into(path, title, skip, limit, work)


def convert(log: Path, path: Path, title: str, skip: int, limit: int | None) -> int:
    """From a log that someone else recorded. A bad line is an error, and nothing is written."""
    def work(stream: Stream) -> int:
        with log.open("rb") as file:
            stream.take(iter(lambda: file.read(CHUNK), b""))
        if stream.trouble:
            raise Failure(f"{log}: {stream.trouble}")
        if stream.is_cut:
            say(f"record: {log}: the last line is cut off and left out")
        return OK
    try:
        log.open("rb").close()
    except OSError as error:
        raise Failure(f"cannot read {log}: {error.strerror}") from error
    return into(path, title, skip, limit, work)
