"""scripts/record --accesses: what lackey prints, what is written of it, and what an early end leaves."""

import io
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
RECORD = ROOT / "scripts" / "record"
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "scripts"))

from pagetwin_lib import access_recorder, access_stream, lackey_log  # noqa: E402
from pagetwin_lib.lackey_log import INSTRUCTION, LOAD, MODIFY, STORE, Access, BadLine  # noqa: E402

LOG = b"""==7== Lackey, an example Valgrind tool
==7== Command: true
==7== 
I  0401ab70,3
I  0401ab73,5
 S 1fff000708,8
 L 1fff000708,32
 M 00005000,1
I  0401ab70,3

==7== Exit code:       0
"""
ACCESSES = [(INSTRUCTION, 0x401AB70, 3), (INSTRUCTION, 0x401AB73, 5), (STORE, 0x1FFF000708, 8), (LOAD, 0x1FFF000708, 32),
            (MODIFY, 0x5000, 1), (INSTRUCTION, 0x401AB70, 3)]


def decoded(data: bytes) -> tuple[list[str], list[Access]]:
    """A second reader, written from docs/traces.md: the lines of the head, and the accesses; asserts that all is whole."""
    head, _, records = data.partition(b"\n\n")
    at, ends, accesses = 0, {True: 0, False: 0}, []

    def number() -> int:
        nonlocal at
        value = shift = 0
        while True:
            byte = records[at]
            at += 1
            value += (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                assert value < 2**64
                return value

    while records[at] != 0xFF:
        first = records[at]
        at += 1
        assert first < 0x40, f"record {first:#x}"
        kind, code = first % 4, first // 4 % 8
        size = number() if code == 7 else 2**code
        step = 0 if first & 0x20 else number()
        address = (ends[kind == INSTRUCTION] + (-(step + 1) // 2 if step % 2 else step // 2)) % 2**64
        accesses.append((kind, address, size))
        ends[kind == INSTRUCTION] = address + size
    at += 1
    assert (number(), at) == (len(accesses), len(records))
    return head.decode().split("\n"), accesses


def written(accesses: list[Access]) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a"
        with path.open("wb", buffering=0) as file:
            writer = access_stream.Writer(file, ["command: a program"])
            writer.add(accesses)
            writer.finish()
        return path.read_bytes()


def record(*args: str, log: bytes | None = None, **more) -> tuple[subprocess.CompletedProcess, bytes | None]:
    """Its process, and the file that it left."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "a.accesses"
        if log is not None:
            path = Path(folder) / "lackey.log"
            path.write_bytes(log)
            args = ("--from-lackey", str(path), *args)
        done = subprocess.run([sys.executable, str(RECORD), "--accesses", "-o", str(out), *args], capture_output=True, text=True,
                              check=False, timeout=120, **more)
        return done, out.read_bytes() if out.exists() else None


class Lines(unittest.TestCase):
    def test_every_kind_of_access_is_read(self):
        self.assertEqual([found for found in map(lackey_log.access, LOG.split(b"\n")) if found], ACCESSES)

    def test_messages_of_valgrind_are_none(self):
        for line in (b"==12== Warning: set address range perms", b"--12-- warning", b"**12** said by the program", b"", b" "):
            self.assertIsNone(lackey_log.access(line), line)

    def test_anything_else_is_refused_with_its_number(self):
        for line in (b"hello", b"I  0401ab70", b"I  0401ab70,", b"I  0401ab70,0", b"I  0401xb70,3", b" X 5000,1", b"I 5000,1",
                     b"L 5000,1", b" L 5000,1 ", b" L 12345678901234567,1", b" L 5000,1234567", b"==x== text", b"\xff\xfe"):
            with self.subTest(line):
                parser = lackey_log.Parser()
                with self.assertRaisesRegex(BadLine, "^line 2: expected an access"):
                    list(parser.accesses([b"I  0401ab70,3", line]))

    def test_lines_are_counted_and_remembered_ones_too(self):
        parser = lackey_log.Parser()
        parser.MOST_REMEMBERED = 2
        lines = LOG.split(b"\n") * 3
        self.assertEqual(list(parser.accesses(lines)), ACCESSES * 3)
        self.assertEqual(parser.line, len(lines))


class Bytes(unittest.TestCase):
    def test_an_instruction_where_the_last_one_ended_is_one_byte(self):
        whole = written([(INSTRUCTION, 0x1000, 4), (INSTRUCTION, 0x1004, 2)])
        self.assertEqual(whole, b"pagetwin accesses 1\ncommand: a program\n\n\x08\x80\x40\x24\xff\x02")

    def test_addresses_kinds_and_sizes_are_kept(self):
        accesses = [*ACCESSES, (LOAD, 0, 1), (STORE, 2**64 - 8, 8), (LOAD, 0, 64), (MODIFY, 2**63, 128), (STORE, 1, 100),
                    (INSTRUCTION, 2**64 - 1, 1), (INSTRUCTION, 2**63 - 1, 15)]
        self.assertEqual(decoded(written(accesses)), (["pagetwin accesses 1", "command: a program"], accesses))


class Conversion(unittest.TestCase):
    def test_a_log_becomes_a_stream_that_names_its_command(self):
        done, data = record("--title", "true", log=LOG)
        self.assertEqual(done.returncode, 0, done.stderr)
        head, accesses = decoded(data)
        self.assertEqual(head, ["pagetwin accesses 1", "command: true",
                                "recorded by: scripts/record --accesses, valgrind's lackey", "part: 0 skipped, at most 20000000"])
        self.assertEqual(accesses, ACCESSES)
        self.assertIn("6 accesses", done.stderr)

    def test_skip_and_limit_choose_a_part(self):
        done, data = record("--skip", "1", "--limit", "3", log=LOG)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(decoded(data)[1], ACCESSES[1:4])

    def test_a_line_that_is_cut_off_is_left_out_and_said(self):
        done, data = record(log=LOG + b" L 5000,1")
        self.assertEqual((done.returncode, decoded(data)[1]), (0, ACCESSES))
        self.assertIn("the last line is cut off", done.stderr)

    def test_lines_are_whole_across_the_pieces_that_are_read(self):
        stream = access_recorder.Stream(access_stream.Writer(io.BytesIO(), []), 0, None)
        stream.take(LOG[i:i + 7] for i in range(0, len(LOG), 7))
        self.assertEqual((stream.writer.count, stream.trouble, stream.is_cut), (6, None, False))

    def test_a_bad_line_is_named_and_nothing_is_written(self):
        done, data = record(log=LOG + b"hello\n")
        self.assertEqual((done.returncode, data), (2, None))
        self.assertRegex(done.stderr, "lackey.log: line 12: expected an access .* found 'hello'")

    def test_a_log_without_accesses_is_no_stream(self):
        for log, args, reason in ((b"==7== nothing\n", (), "valgrind printed none"), (LOG, ("--skip", "6"), "no more than --skip"),
                                  (b"", (), "valgrind printed none")):
            with self.subTest(reason):
                done, data = record(*args, log=log)
                self.assertEqual((done.returncode, data), (2, None))
                self.assertIn("no access was recorded", done.stderr)


class BadInput(unittest.TestCase):
    def test_is_named_and_ends_with_2(self):
        cases = [(("--from-lackey", "no_such_file"), "cannot read no_such_file"), ((), "give either a COMMAND"),
                 (("--limit", "0", "true"), "no accesses"), (("--limit", "many", "true"), "'many' is not a number"),
                 (("--from-strace", "x"), "--from-lackey"), (("--limit-bytes", "1K", "true"), "--limit-bytes means nothing"),
                 (("--", "no_such_program_anywhere"), "no_such_program_anywhere")]
        for args, expected in cases:
            with self.subTest(expected):
                done, data = record(*args)
                self.assertEqual((done.returncode, data), (2, None))
                self.assertIn(expected, done.stderr)

    def test_options_of_streams_are_none_of_traces(self):
        done = subprocess.run([sys.executable, str(RECORD), "--skip", "5", "true"], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 2)
        self.assertIn("--skip means nothing without --accesses", done.stderr)

    def test_a_missing_valgrind_is_named_with_what_to_install(self):
        done, data = record("--", "/bin/true", env={"PATH": "/nonexistent"})
        self.assertEqual((done.returncode, data), (2, None))
        self.assertIn("apt-get install valgrind", done.stderr)

    def test_an_output_that_cannot_be_written_is_said_before_the_program_runs(self):
        done = subprocess.run([sys.executable, str(RECORD), "--accesses", "-o", "/proc/none/a", "--", "echo", "ran"],
                              capture_output=True, text=True, check=False)
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn("/proc/none/a: cannot be written", done.stderr)


class FullDisk(unittest.TestCase):
    class Disk(io.FileIO):
        """Takes 200,000 bytes."""

        def write(self, data: bytes) -> int:
            room = 200_000 - self.tell()
            if room <= 0:
                raise OSError(28, "No space left on device")
            return super().write(data[:room])

    def test_leaves_a_whole_stream_of_what_fits(self):
        accesses = [(LOAD, i * 4096 * (i % 7), 8) for i in range(200_000)]
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "a"
            with self.Disk(path, "wb") as file:
                writer = access_stream.Writer(file, [])
                with self.assertRaisesRegex(access_stream.Full, "No space left"):
                    for i in range(0, len(accesses), 10_000):
                        writer.add(accesses[i:i + 10_000])
                writer.finish()
            kept = decoded(path.read_bytes())[1]
            self.assertTrue(kept == accesses[:writer.count])  # too long to show what differs
            self.assertGreater(len(kept), 10_000)

    def test_is_said_and_ends_with_2(self):
        done = subprocess.run([sys.executable, str(RECORD), "--accesses", "-o", "/dev/full", "--from-lackey", "/dev/stdin"],
                              input=LOG, capture_output=True, check=False)
        self.assertEqual(done.returncode, 2)
        self.assertIn(b"/dev/full: cannot be written: No space left on device", done.stderr)


@unittest.skipUnless(shutil.which("valgrind"), "valgrind is not installed")
class LivePrograms(unittest.TestCase):
    def test_a_program_leaves_its_instructions_its_stack_and_its_exit_code(self):
        done, data = record("--", "sh", "-c", "echo said; exit 7")
        self.assertEqual((done.returncode, done.stdout), (7, "said\n"), done.stderr)
        self.assertIn("the command ended with 7", done.stderr)
        head, accesses = decoded(data)
        self.assertEqual(head[1], "command: sh -c 'echo said; exit 7'")
        self.assertEqual({kind for kind, _, _ in accesses}, {INSTRUCTION, LOAD, STORE, MODIFY})
        self.assertGreater(len(accesses), 100_000)

    def test_the_limit_ends_a_program_that_would_go_on(self):
        done, data = record("--limit", "10K", "--", "sh", "-c", "while :; do :; done")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(len(decoded(data)[1]), 10_000)
        self.assertIn("--limit is reached", done.stderr)

    def test_a_program_that_is_left_running_is_not_waited_for(self):
        start = time.monotonic()
        done, data = record("--limit", "none", "--", "sh", "-c", "sleep 50 >/dev/null 2>&1 & exit 0")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertLess(time.monotonic() - start, 40)
        self.assertIsNotNone(decoded(data))

    def test_ctrl_c_keeps_the_stream(self):
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder) / "a.accesses"
            with subprocess.Popen([sys.executable, str(RECORD), "--accesses", "--limit", "none", "-o", str(out), "--", "sleep", "60"],
                                  stderr=subprocess.PIPE, text=True) as running:
                part = out.with_name(f".{out.name}.part")
                deadline = time.monotonic() + 30
                while not (part.exists() and part.stat().st_size > 10_000) and time.monotonic() < deadline:
                    time.sleep(0.1)
                running.send_signal(signal.SIGINT)
                _, errors = running.communicate(timeout=40)
            self.assertEqual(running.returncode, 130, errors)
            self.assertIn("ended with 130", errors)
            self.assertGreater(len(decoded(out.read_bytes())[1]), 1000)
            self.assertEqual(os.listdir(folder), ["a.accesses"])


if __name__ == "__main__":
    unittest.main()
