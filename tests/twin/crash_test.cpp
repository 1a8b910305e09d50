// Crashes: children that die are described, sanitizer reports are read, and crashing programs become short.
#include "fuzz/twin/isolated.hpp"
#include "fuzz/twin/minimise.hpp"
#include "tests/twin/toy_machine.hpp"

#include <csignal>
#include <cstdio>
#include <gtest/gtest.h>
#include <thread>
#include <unistd.h>

namespace pagetwin::twin {
namespace {

using toy::op;

constexpr std::string_view asan = R"(INFO: Seed: 1
=================================================================
==12345==ERROR: AddressSanitizer: heap-buffer-overflow on address 0x602000000014 at pc 0x55d0 bp 0x7ffe sp 0x7ffd
READ of size 4 at 0x602000000014 thread T0
    #0 0x55d0c0a1 in std::vector<int, std::allocator<int>>::operator[](unsigned long) /usr/include/c++/12/bits/stl_vector.h:1123:9
    #1 0x55d0c0a2 in pagetwin::walk(unsigned long) /home/someone/pagetwin/src/table/walk.hpp:42:17
    #2 0x55d0c0a3 in pagetwin::TableMachine::step(pagetwin::twin::Op const&) /home/someone/pagetwin/fuzz/machines/table.cpp:9:3

0x602000000014 is located 0 bytes after 4-byte region
allocated by thread T0 here:
    #0 0x55d0 in operator new(unsigned long) /llvm/compiler-rt/lib/asan/asan_new_delete.cpp:86:3
    #1 0x55d0 in other() /home/someone/pagetwin/src/table/other.hpp:1:1
SUMMARY: AddressSanitizer: heap-buffer-overflow /usr/include/c++/12/bits/stl_vector.h:1123:9
)";

CrashSite site(std::string_view errors) { return parse_crash(errors).value_or(CrashSite{"nothing", ""}); }

TEST(CrashSite, OfAnAsanReportIsItsTypeAndTheTopFrameUnderSrc) {
  const CrashSite expected{"AddressSanitizer: heap-buffer-overflow",
                           "src/table/walk.hpp:42 in pagetwin::walk(unsigned long)"};
  EXPECT_EQ(site(asan), expected);
}

TEST(CrashSite, FallsBackToFuzzAndThenToTheTopFunction) {
  const CrashSite in_fuzz{"AddressSanitizer: SEGV", "fuzz/machines/a.cpp:9 in step()"};
  EXPECT_EQ(site("==1==ERROR: AddressSanitizer: SEGV on unknown address 0x0\n    #0 0x1 in memcpy "
                 "/x/asan/mem.cpp:1:2\n"
                 "    #1 0x2 in step() /project/fuzz/machines/a.cpp:9:3\n"),
            in_fuzz);
  const CrashSite nowhere{"AddressSanitizer: SEGV", "memcpy"};
  EXPECT_EQ(
      site("==1==ERROR: AddressSanitizer: SEGV on unknown address 0x0\n    #0 0x1 in memcpy (/bin/x+0x12)\n"),
      nowhere);
}

TEST(CrashSite, OfAnUbsanReportIsItsSentenceWithoutNumbersAndItsPlace) {
  const CrashSite expected{"runtime error: shift exponent N is too large for N-bit type 'int'",
                           "src/base/bits.hpp:12"};
  EXPECT_EQ(site("/a/pagetwin/src/base/bits.hpp:12:3: runtime error: shift exponent 64 is too large for "
                 "32-bit type 'int'\n"),
            expected);
  EXPECT_EQ(
      site("src/base/bits.hpp:12:9: runtime error: shift exponent 99 is too large for 64-bit type 'int'\n"),
      expected);
}

TEST(CrashSite, OfAnAssertionIsTheAssertion) {
  const CrashSite expected{"assertion `a == b' failed.", ""};
  EXPECT_EQ(site("toy: /x/src/a.cpp:3: int f(): Assertion `a == b' failed.\n"), expected);
}

TEST(CrashSite, IsNothingWithoutAReport) {
  EXPECT_EQ(parse_crash("INFO: all is well\nstack #0 in f\n"), std::nullopt);
  EXPECT_EQ(parse_crash(""), std::nullopt);
}

TEST(Isolated, AChildThatEndsWellIsNoCrash) {
  const auto end = run_in_child([] { std::fputs("a word\n", stderr); });
  ASSERT_TRUE(end);
  EXPECT_TRUE(end->ended_well());
  EXPECT_EQ(end->errors, "a word\n");
  EXPECT_EQ(crash_of(*end), std::nullopt);
}

TEST(Isolated, ASignalAnExitCodeAndAReportNameTheCrash) {
  const CrashSite killed{"signal 9", ""};
  EXPECT_EQ(crash_of(*run_in_child([] { std::raise(SIGKILL); })), killed);
  const CrashSite exited{"exit 3", ""};
  EXPECT_EQ(crash_of(*run_in_child([] { _exit(3); })), exited);
  const auto end = run_in_child([] {
    std::fwrite(asan.data(), 1, asan.size(), stderr);
    _exit(1);
  });
  EXPECT_EQ(crash_of(*end), site(asan));
}

TEST(Isolated, AChildThatHangsIsEnded) {
  const auto end = run_in_child([] { std::this_thread::sleep_for(std::chrono::minutes(5)); },
                                std::chrono::milliseconds(100));
  ASSERT_TRUE(end);
  EXPECT_TRUE(end->timed_out);
  const CrashSite expected{"timeout", ""};
  EXPECT_EQ(crash_of(*end), expected);
}

TEST(Isolated, ACrashingProgramBecomesOneOperation) {
  toy::ToyMachine machine(toy::Plant::dies);
  Program program = toy::noisy_stale_program();
  program.ops.insert(program.ops.begin() + 6, op(toy::put, 0x3000, 0xDEAD));
  const auto crash = [&machine](const Program& candidate) {
    return crash_of(*run_in_child([&] { (void)run(machine, candidate); }));
  };
  const auto original = crash(program);
  ASSERT_TRUE(original);
  const auto same = [&](const Program& candidate) { return crash(candidate) == original; };
  const Program expected{{1, 0}, {op(toy::put, 0, 0xDEAD)}};
  EXPECT_EQ(reduce(program, toy::schema, same, 500).program, expected);
}

} // namespace
} // namespace pagetwin::twin
