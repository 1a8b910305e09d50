"""scripts/record: conversion of logs, whole traces compared; the committed traces against a dumb model."""

import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
RECORD = ROOT / "scripts" / "record"
sys.dont_write_bytecode = True
sys.path.insert(0, str(HERE))

from trace_model import TraceError, TraceModel  # noqa: E402


def record(*args: str, log: str | None = None) -> subprocess.CompletedProcess:
    with tempfile.TemporaryDirectory() as folder:
        if log is not None:
            path = Path(folder) / "strace.log"
            path.write_text(log, encoding="utf-8")
            args = ("--from-strace", str(path), *args)
        return subprocess.run([str(RECORD), *args], capture_output=True, text=True, check=False, timeout=60)


def body(log: str, *args: str) -> list[str]:
    """The trace's lines after the header; the trace must be valid."""
    done = record(*args, log=log)
    assert done.returncode == 0, done.stderr
    TraceModel().run(done.stdout)
    return done.stdout.splitlines()[5:]


def anonymous(pid: int, va: int, length: int, prot: str = "PROT_READ|PROT_WRITE", flags: str = "MAP_PRIVATE") -> str:
    return f"{pid} mmap(NULL, {length}, {prot}, {flags}|MAP_ANONYMOUS, -1, 0) = {va:#x}\n"


def execs(pid: int) -> str:
    return f'{pid} execve("", [...], 0x7ffe /* 20 vars */) = 0\n'


class MemoryCalls(unittest.TestCase):
    def test_mmap_maps_new_frames_congruent_to_the_address_modulo_2_mib(self):
        self.assertEqual(body(anonymous(7, 0x7F0000001000, 5000)), [
            "map_range s=0 va=0x7f0000001000 pa=0x100001000 len=0x2000 size=2M attrs=rw-u"])

    def test_a_mapped_file_uses_small_pages(self):
        self.assertEqual(body("7 mmap(NULL, 4096, PROT_READ, MAP_SHARED, 3, 0x1000) = 0x10000\n"), [
            "map_range s=0 va=0x10000 pa=0x100010000 len=0x1000 size=4K attrs=r--u"])

    def test_write_or_execute_without_read_gains_read(self):
        lines = body(anonymous(7, 0x1000, 4096, "PROT_WRITE") + anonymous(7, 0x9000, 4096, "PROT_EXEC"))
        self.assertEqual([line.rsplit(" ", 1)[1] for line in lines], ["attrs=rw-u", "attrs=r-xu"])

    def test_map_fixed_unmaps_first_what_was_mapped_there(self):
        log = anonymous(7, 0x10000, 0x4000) + (
            "7 mmap(0x11000, 4096, PROT_READ, MAP_PRIVATE|MAP_FIXED, 3, 0) = 0x11000\n"
            "7 mmap(0x40000, 4096, PROT_READ, MAP_PRIVATE|MAP_FIXED, 3, 0) = 0x40000\n")
        self.assertEqual(body(log), [
            "map_range s=0 va=0x10000 pa=0x100010000 len=0x4000 size=2M attrs=rw-u",
            "unmap s=0 va=0x11000 len=0x1000",
            "map_range s=0 va=0x11000 pa=0x100211000 len=0x1000 size=4K attrs=r--u",
            "map_range s=0 va=0x40000 pa=0x100240000 len=0x1000 size=4K attrs=r--u"])

    def test_failed_calls_are_dropped(self):
        self.assertEqual(body(anonymous(7, 0x10000, 4096) +
                              "7 mmap(0x10000, 4096, PROT_READ, MAP_FIXED_NOREPLACE, 3, 0) = -1 EEXIST (File exists)\n"
                              "7 munmap(0x10001, 1) = -1 EINVAL (Invalid argument)\n"), [
            "map_range s=0 va=0x10000 pa=0x100010000 len=0x1000 size=2M attrs=rw-u"])

    def test_munmap_of_a_part_leaves_the_rest(self):
        log = anonymous(7, 0x10000, 0x3000) + "7 munmap(0x11000, 4096) = 0\n7 munmap(0x10000, 12288) = 0\n"
        self.assertEqual(body(log)[1:], ["unmap s=0 va=0x11000 len=0x1000", "unmap s=0 va=0x10000 len=0x3000"])

    def test_a_reservation_without_rights_is_a_hole_that_mprotect_fills_from_the_same_run_of_frames(self):
        log = anonymous(7, 0x7F0000000000, 1 << 26, "PROT_NONE", "MAP_PRIVATE|MAP_NORESERVE") + (
            "7 mprotect(0x7f0000000000, 135168, PROT_READ|PROT_WRITE) = 0\n"
            "7 mprotect(0x7f0000021000, 4096, PROT_READ|PROT_WRITE) = 0\n")
        self.assertEqual(body(log), [
            "map_range s=0 va=0x7f0000000000 pa=0x100000000 len=0x21000 size=2M attrs=rw-u",
            "map_range s=0 va=0x7f0000021000 pa=0x100021000 len=0x1000 size=2M attrs=rw-u"])

    def test_mprotect_to_none_unmaps_and_back_maps_the_same_frames(self):
        log = anonymous(7, 0x10000, 0x3000) + ("7 mprotect(0x11000, 4096, PROT_NONE) = 0\n"
                                               "7 mprotect(0x10000, 12288, PROT_READ) = 0\n")
        self.assertEqual(body(log)[1:], [
            "# PROT_NONE: a hole that keeps its frames",
            "unmap s=0 va=0x11000 len=0x1000",
            "protect s=0 va=0x10000 len=0x1000 attrs=r--u",
            "map_range s=0 va=0x11000 pa=0x100011000 len=0x1000 size=2M attrs=r--u",
            "protect s=0 va=0x12000 len=0x1000 attrs=r--u"])

    def test_mprotect_over_neighbours_is_one_operation(self):
        log = anonymous(7, 0x10000, 0x1000) + anonymous(7, 0x11000, 0x1000, "PROT_READ") + (
            "7 mprotect(0x10000, 8192, PROT_READ|PROT_EXEC) = 0\n")
        self.assertEqual(body(log)[2:], ["protect s=0 va=0x10000 len=0x2000 attrs=r-xu"])

    def test_memory_that_exec_mapped_enters_with_its_first_mprotect(self):
        self.assertEqual(body("7 mprotect(0x10000, 8192, PROT_READ) = 0\n7 mprotect(0x11000, 4096, PROT_NONE) = 0\n"), [
            "map_range s=0 va=0x10000 pa=0x100010000 len=0x2000 size=4K attrs=r--u",
            "# PROT_NONE: a hole that keeps its frames",
            "unmap s=0 va=0x11000 len=0x1000"])

    def test_mremap_that_moves_and_grows_keeps_the_old_frames_and_adds_new_ones(self):
        log = anonymous(7, 0x10000, 0x2000) + "7 mremap(0x10000, 8192, 12288, MREMAP_MAYMOVE) = 0x40000\n"
        self.assertEqual(body(log)[1:], [
            "unmap s=0 va=0x10000 len=0x2000",
            "map_range s=0 va=0x40000 pa=0x100010000 len=0x2000 size=2M attrs=rw-u",
            "map_range s=0 va=0x42000 pa=0x100042000 len=0x1000 size=2M attrs=rw-u"])

    def test_mremap_in_place_shrinks_and_grows(self):
        log = anonymous(7, 0x10000, 0x3000) + ("7 mremap(0x10000, 12288, 4096, MREMAP_MAYMOVE) = 0x10000\n"
                                               "7 mremap(0x10000, 4096, 8192, 0) = 0x10000\n")
        self.assertEqual(body(log)[1:], [
            "unmap s=0 va=0x11000 len=0x2000",
            "map_range s=0 va=0x11000 pa=0x100211000 len=0x1000 size=2M attrs=rw-u"])

    def test_mremap_fixed_replaces_what_was_at_the_new_place(self):
        log = anonymous(7, 0x10000, 0x1000) + anonymous(7, 0x20000, 0x2000, "PROT_READ") + (
            "7 mremap(0x10000, 4096, 4096, MREMAP_MAYMOVE|MREMAP_FIXED, 0x21000) = 0x21000\n")
        self.assertEqual(body(log)[2:], [
            "unmap s=0 va=0x10000 len=0x1000", "unmap s=0 va=0x21000 len=0x1000",
            "map_range s=0 va=0x21000 pa=0x100010000 len=0x1000 size=2M attrs=rw-u"])

    def test_mremap_of_size_zero_shows_shared_frames_twice(self):
        log = anonymous(7, 0x10000, 0x1000, flags="MAP_SHARED") + "7 mremap(0x10000, 0, 4096, MREMAP_MAYMOVE) = 0x20000\n"
        self.assertEqual(body(log), [
            "map_range s=0 va=0x10000 pa=0x100010000 len=0x1000 size=2M attrs=rw-u",
            "map_range s=0 va=0x20000 pa=0x100010000 len=0x1000 size=2M attrs=rw-u"])

    def test_brk_grows_and_shrinks_by_whole_pages(self):
        log = ("7 brk(NULL) = 0x555555560000\n7 brk(0x555555581000) = 0x555555581000\n"
               "7 brk(0x555555582123) = 0x555555582123\n7 brk(0x555555561000) = 0x555555561000\n")
        self.assertEqual(body(log), [
            "map_range s=0 va=0x555555560000 pa=0x100160000 len=0x21000 size=2M attrs=rw-u",
            "map_range s=0 va=0x555555581000 pa=0x100181000 len=0x2000 size=2M attrs=rw-u",
            "unmap s=0 va=0x555555561000 len=0x22000"])

    def test_dropping_advice_on_private_memory_changes_the_frames(self):
        for advice in ("MADV_DONTNEED", "MADV_FREE", "MADV_REMOVE"):
            log = anonymous(7, 0x10000, 0x3000) + f"7 madvise(0x11000, 4096, {advice}) = 0\n"
            self.assertEqual(body(log)[1:], [
                "unmap s=0 va=0x11000 len=0x1000",
                "map_range s=0 va=0x11000 pa=0x100211000 len=0x1000 size=2M attrs=rw-u"])

    def test_other_advice_and_dropping_advice_on_shared_memory_are_comments(self):
        log = anonymous(7, 0x10000, 0x3000, flags="MAP_SHARED") + ("7 madvise(0x10000, 4096, MADV_DONTNEED) = 0\n"
                                                                   "7 madvise(0x10000, 12288, MADV_WILLNEED) = 0\n")
        self.assertEqual(body(log)[1:], [
            "# madvise MADV_DONTNEED s=0 va=0x10000 len=0x1000: frames stay",
            "# madvise MADV_WILLNEED s=0 va=0x10000 len=0x3000"])

    def test_a_region_is_clipped_at_1_gib_and_its_unmap_too(self):
        log = anonymous(7, 0x7F0000000000, 3 << 30) + ("7 mprotect(0x7f0000000000, 3221225472, PROT_READ) = 0\n"
                                                       "7 munmap(0x7f0000000000, 3221225472) = 0\n")
        self.assertEqual(body(log), [
            "# clipped at 1 GiB: s=0 va=0x7f0000000000 len=0xc0000000",
            "map_range s=0 va=0x7f0000000000 pa=0x100000000 len=0x40000000 size=2M attrs=rw-u",
            "protect s=0 va=0x7f0000000000 len=0x40000000 attrs=r--u",
            "# munmap of 0xc0000000 bytes at 0x7f0000000000: clipped to what is mapped",
            "unmap s=0 va=0x7f0000000000 len=0x40000000"])

    def test_a_large_reservation_enters_piece_by_piece_and_at_most_1_gib_at_once(self):
        log = anonymous(7, 0x7E0000000000, 1 << 36, "PROT_NONE") + (
            "7 mprotect(0x7e0000200000, 4096, PROT_READ) = 0\n7 mprotect(0x7e0040000000, 2147483648, PROT_READ) = 0\n")
        self.assertEqual(body(log), [
            "map_range s=0 va=0x7e0000200000 pa=0x100000000 len=0x1000 size=2M attrs=r--u",
            "# clipped at 1 GiB: s=0 va=0x7e0040000000 len=0x80000000",
            "map_range s=0 va=0x7e0040000000 pa=0x100200000 len=0x40000000 size=2M attrs=r--u"])

    def test_what_is_not_modelled_or_above_the_user_half_is_a_comment(self):
        log = ("7 shmat(3, NULL, 0) = 0x7f0000000000\n"
               "7 mprotect(0xffffffffff600000, 4096, PROT_READ) = 0\n")
        self.assertEqual(body(log), ["# shmat s=0 is not modelled",
                                     "# mprotect at 0xffffffffff600000 is not in the user half"])

    def test_arguments_that_make_no_sense_are_comments(self):
        log = ("7 mmap(1) = 0x1000\n7 munmap(0x1001, 4096) = 0\n7 munmap(0x1000, 0) = 0\n"
               "7 mremap(0x1000, 8192, 8192, MREMAP_MAYMOVE) = 0x2000\n7 madvise(here, 4096, MADV_FREE) = 0\n")
        names = ("mmap", "munmap", "munmap", "mremap", "madvise")
        self.assertEqual(body(log), [f"# {name} s=0 with arguments that cannot be read" for name in names])

    def test_neighbours_that_grew_beyond_1_gib_are_changed_in_pieces(self):
        log = anonymous(7, 0x7F0000000000, 1 << 30) + anonymous(7, 0x7F0040000000, 1 << 21) + (
            "7 mprotect(0x7f0000000000, 1075838976, PROT_READ) = 0\n7 fork() = 8\n")
        self.assertEqual(body(log)[2:], [
            "protect s=0 va=0x7f0000000000 len=0x40000000 attrs=r--u",
            "protect s=0 va=0x7f0040000000 len=0x200000 attrs=r--u",
            "# fork of s=0", "create s=1",
            "map_range s=1 va=0x7f0000000000 pa=0x100000000 len=0x40000000 size=2M attrs=r--u",
            "map_range s=1 va=0x7f0040000000 pa=0x140000000 len=0x200000 size=2M attrs=r--u"])

    def test_mremap_that_leaves_the_old_place_mapped_gives_it_new_frames(self):
        log = anonymous(7, 0x10000, 0x1000) + "7 mremap(0x10000, 4096, 4096, MREMAP_MAYMOVE|MREMAP_DONTUNMAP) = 0x20000\n"
        self.assertEqual(body(log)[1:], [
            "unmap s=0 va=0x10000 len=0x1000",
            "map_range s=0 va=0x20000 pa=0x100010000 len=0x1000 size=2M attrs=rw-u",
            "map_range s=0 va=0x10000 pa=0x100210000 len=0x1000 size=2M attrs=rw-u"])


class Processes(unittest.TestCase):
    def test_interrupted_lines_are_joined_and_munmap_counts_from_its_begin(self):
        log = anonymous(7, 0x10000, 4096) + (
            "7 clone3({flags=CLONE_VM|CLONE_THREAD|CLONE_SIGHAND, stack=0x1} => {parent_tid=[8]}, 88) = 8\n"
            "7 munmap(0x10000, 4096 <unfinished ...>\n"
            "8 mmap(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0 <unfinished ...>\n"
            "8 <... mmap resumed>) = 0x10000\n"
            "7 <... munmap resumed>) = 0\n")
        self.assertEqual(body(log)[1:], ["unmap s=0 va=0x10000 len=0x1000",
                                         "map_range s=0 va=0x10000 pa=0x100210000 len=0x1000 size=2M attrs=r--u"])

    def test_fork_copies_the_space_with_its_frames_and_the_last_exit_destroys_it(self):
        log = anonymous(7, 0x10000, 4096) + (
            "7 clone(child_stack=NULL, flags=CLONE_CHILD_CLEARTID|SIGCHLD, child_tidptr=0x7f) = 8\n"
            "8 munmap(0x10000, 4096) = 0\n8 exit_group(0) = ?\n8 +++ exited with 0 +++\n"
            "7 exit_group(0) = ?\n7 +++ exited with 0 +++\n")
        self.assertEqual(body(log)[1:], [
            "# fork of s=0", "create s=1", "map_range s=1 va=0x10000 pa=0x100010000 len=0x1000 size=2M attrs=rw-u",
            "unmap s=1 va=0x10000 len=0x1000", "destroy s=1", "clear s=0"])

    def test_a_child_may_speak_before_its_fork_returns(self):
        log = anonymous(7, 0x10000, 4096) + (
            "7 fork( <unfinished ...>\n8 munmap(0x10000, 4096) = 0\n7 <... fork resumed>) = 8\n7 munmap(0x10000, 4096) = 0\n")
        self.assertEqual(body(log)[1:], [
            "# fork of s=0", "create s=1", "map_range s=1 va=0x10000 pa=0x100010000 len=0x1000 size=2M attrs=rw-u",
            "unmap s=1 va=0x10000 len=0x1000", "unmap s=0 va=0x10000 len=0x1000"])

    def test_vfork_shares_until_exec(self):
        log = anonymous(7, 0x10000, 4096) + (
            "7 vfork( <unfinished ...>\n8 munmap(0x10000, 4096) = 0\n" + execs(8) +
            "7 <... vfork resumed>) = 8\n" + anonymous(8, 0x20000, 4096) + "8 +++ exited with 0 +++\n")
        self.assertEqual(body(log)[1:], [
            "unmap s=0 va=0x10000 len=0x1000",
            "# exec of a child that shared its parent's space", "create s=1",
            "map_range s=1 va=0x20000 pa=0x100020000 len=0x1000 size=2M attrs=rw-u",
            "destroy s=1"])

    def test_exec_empties_the_space_and_its_program_break(self):
        log = execs(7) + "7 brk(NULL) = 0x1000\n7 brk(0x2000) = 0x2000\n" + execs(7) + "7 brk(0x9000) = 0x9000\n"
        self.assertEqual(body(log), ["map_range s=0 va=0x1000 pa=0x100001000 len=0x1000 size=2M attrs=rw-u",
                                     "# exec", "clear s=0"])

    def test_a_thread_that_calls_exec_becomes_the_leader(self):
        log = anonymous(7, 0x10000, 4096) + (
            "7 clone(child_stack=0x1, flags=CLONE_VM|CLONE_THREAD) = 8\n"
            '8 execve("", [...], 0x7ffe /* 2 vars */ <unfinished ...>\n'
            "7 +++ superseded by execve in pid 8 +++\n"
            "7 <... execve resumed>) = 0\n" + anonymous(7, 0x30000, 4096) + "7 +++ exited with 0 +++\n")
        self.assertEqual(body(log)[1:], ["# exec", "clear s=0",
                                         "map_range s=0 va=0x30000 pa=0x100030000 len=0x1000 size=2M attrs=rw-u",
                                         "clear s=0"])

    def test_the_end_of_one_thread_leaves_the_space_to_the_others(self):
        log = ("7 clone(child_stack=0x1, flags=CLONE_VM|CLONE_THREAD) = 8\n8 exit(0) = ?\n8 +++ exited with 0 +++\n"
               + anonymous(7, 0x10000, 4096))
        self.assertEqual(body(log), ["map_range s=0 va=0x10000 pa=0x100010000 len=0x1000 size=2M attrs=rw-u"])

    def test_space_numbers_are_used_again_lowest_first(self):
        log = ("7 fork() = 8\n7 fork() = 9\n8 +++ exited with 0 +++\n7 fork() = 10\n10 +++ killed by SIGKILL +++\n"
               "9 +++ exited with 1 +++\n7 fork() = 8\n")
        lines = [line for line in body(log) if not line.startswith("#")]
        self.assertEqual(lines, ["create s=1", "create s=2", "destroy s=1", "create s=1", "destroy s=1", "destroy s=2",
                                 "create s=1"])

    def test_a_ninth_space_is_not_followed_until_there_is_room_at_an_exec(self):
        log = "".join(f"7 fork() = {pid}\n" for pid in range(11, 19)) + (
            anonymous(18, 0x10000, 4096) + "12 +++ exited with 0 +++\n" + execs(18) + anonymous(18, 0x20000, 4096))
        self.assertEqual(body(log)[14:], [
            "# fork of s=0: 8 spaces live already, this process is not followed", "destroy s=2",
            "# 1 calls of a process that is not followed were dropped", "# exec of a process that had no space",
            "create s=2", "map_range s=2 va=0x20000 pa=0x100020000 len=0x1000 size=2M attrs=rw-u"])

    def test_the_trace_does_not_depend_on_process_numbers(self):
        log = (execs(7) + anonymous(7, 0x10000, 4096) + "7 fork() = 8\n8 munmap(0x10000, 4096) = 0\n8 +++ exited with 0 +++\n")
        other = re.sub(r"^7 ", "4242 ", re.sub(r"\b8( |$)", r"31\1", log, flags=re.M), flags=re.M)
        self.assertNotEqual(log, other)
        self.assertEqual(record(log=log).stdout, record(log=other).stdout)


class Output(unittest.TestCase):
    def test_the_header_comes_first_and_counts_spaces_and_nodes(self):
        head = record("--title", "a program", log=anonymous(7, 0x7F0000000000, 1 << 29) + "7 fork() = 8\n").stdout
        self.assertEqual(head.splitlines()[:5], [
            "# recorded by scripts/record: system calls of a real program; frames are counted up from 4 GiB",
            "# command: a program", "pagetwin 1 table", "target page_table_x86_64_4",
            "set nodes=2048 spaces=2 tlb=0"])

    def test_the_limit_cuts_between_calls_and_says_so(self):
        log = "".join(anonymous(7, 0x10000 * i, 4096) for i in range(1, 100))
        text = record("--limit-bytes", "2K", log=log).stdout
        self.assertLessEqual(len(text), 2048)
        self.assertEqual(text.splitlines()[-1], "# cut here: the limit is 2048 bytes")
        self.assertTrue(text.splitlines()[-2].startswith("map_range "))
        TraceModel().run(text)

    def test_bad_input_is_named_and_ends_with_2(self):
        cases = [(record("--from-strace", "no_such_file"), "no_such_file"),
                 (record(log="hello\nworld\n"), "no line of this file"),
                 (record(), "--from-strace"), (record("--limit-bytes", "many", "true"), "'many' is not a size"),
                 (record("--", "no_such_program_anywhere"), "no_such_program_anywhere")]
        for done, expected in cases:
            with self.subTest(expected):
                self.assertEqual(done.returncode, 2)
                self.assertIn(expected, done.stderr)

    def test_a_missing_strace_is_named_with_what_to_install(self):
        done = subprocess.run([str(RECORD), "--", "/bin/true"], env={"PATH": "/nonexistent"}, capture_output=True, text=True,
                              check=False, timeout=60)
        self.assertEqual(done.returncode, 2)
        self.assertIn("apt-get install strace", done.stderr)

    def test_no_directory_of_this_machine_is_in_the_head(self):
        if not shutil.which("strace"):
            self.skipTest("strace is not installed")
        done = record("--", "/bin/sh", "-c", "cat /etc/hostname /etc/apt/sources.list >/dev/null; :")
        self.assertEqual(done.stdout.splitlines()[1], "# command: sh -c 'cat hostname sources.list >/dev/null; :'")


@unittest.skipUnless(shutil.which("strace"), "strace is not installed")
class LivePrograms(unittest.TestCase):
    def test_a_failing_command_leaves_its_trace_and_its_exit_code(self):
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder) / "a.ops"
            done = record("-o", str(out), "--", "sh", "-c", "true | cat; echo said; exit 7")
            self.assertEqual((done.returncode, done.stdout), (7, "said\n"))
            self.assertIn("ended with 7", done.stderr)
            model = TraceModel().run(out.read_text())
            self.assertEqual(model.spaces, {0: {}})

    def test_two_recordings_of_one_program_agree(self):
        runs = [record("--", "/bin/sh", "-c", ":").stdout for _ in range(2)]
        if "0x7ffff7" not in runs[0]:
            self.skipTest("setarch cannot switch address randomisation off here")
        self.assertEqual(self._without_kernel_choices(runs[0]), self._without_kernel_choices(runs[1]))

    @staticmethod
    def _without_kernel_choices(text: str) -> list[str]:
        # The break starts at a random place in some containers even without randomisation elsewhere.
        return [re.sub(r"(va|pa)=\S+", r"\1", line) for line in text.splitlines()]

    def test_ctrl_c_keeps_the_trace(self):
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder) / "a.ops"
            with subprocess.Popen([str(RECORD), "-o", str(out), "--", "sleep", "30"], stderr=subprocess.PIPE,
                                  text=True) as running:
                time.sleep(1.5)
                running.send_signal(signal.SIGINT)
                _, errors = running.communicate(timeout=20)
            self.assertEqual(running.returncode, 130)
            self.assertIn("ended with 130", errors)
            self.assertEqual(TraceModel().run(out.read_text()).spaces, {0: {}})


class CommittedTraces(unittest.TestCase):
    def test_every_committed_trace_is_valid_small_and_names_its_command(self):
        traces = sorted((ROOT / "corpus" / "traces").glob("*.ops"))
        self.assertGreaterEqual(len(traces), 5)
        for path in traces:
            with self.subTest(path.name):
                text = path.read_text(encoding="ascii")
                self.assertLessEqual(len(text), 200 * 1024)
                self.assertRegex(text.splitlines()[1], r"^# command: \S")
                TraceModel().run(text)

    def test_the_model_rejects_what_a_table_would_reject(self):
        head = "pagetwin 1 table\ntarget page_table_x86_64_4\nset nodes=64 spaces=1 tlb=0\n"
        page = "map_range s=0 va=0x1000 pa=0x100001000 len=0x1000 size=2M attrs=rw-u\n"
        TraceModel().run(head + page)
        for wrong in (page + page, page.replace("len=0x1000", "len=0x10"), page.replace("s=0", "s=1"), "destroy s=0\n",
                      page.replace("rw-u", "-w-u"), page.replace("pa=0x1", "pa=0x"), "create s=0\n", "unmap s=0 va=0x1000\n"):
            with self.subTest(wrong):
                self.assertRaises(TraceError, TraceModel().run, head + wrong)


if __name__ == "__main__":
    unittest.main()
