// The lines of QEMU 7.2's log of a RISC-V MMU.
#include "fuzz/emulators/riscv_mmu_log.hpp"

#include <gtest/gtest.h>

namespace pagetwin::emulators {
namespace {

constexpr const char* of_the_harness =
    "riscv_cpu_tlb_fill ad 80100000 rw 0 mmu_idx 3\n"
    "riscv_cpu_tlb_fill address=80100000 ret 0 physical 0000000080100000 prot 7\n"
    "riscv_cpu_tlb_fill PMP address=0000000080100000 ret 0 prot 7 tlb_size 4096\n";
constexpr const char* first_stage =
    "riscv_cpu_tlb_fill ad 1123 rw 1 mmu_idx 7\n"
    "riscv_cpu_tlb_fill 1st-stage address=1123 ret 0 physical 0000000000001123 prot 7\n";

std::string second_stage(const std::string& ending) {
  return std::string(of_the_harness) + first_stage
         + "riscv_cpu_tlb_fill 2nd-stage address=ffffffffff123456 ret " + ending;
}
std::string denied_or_not(const char* ret) {
  return second_stage(
             "0 physical 00fffffffff23456 prot 7\nriscv_cpu_tlb_fill PMP address=00fffffffff23456 ret ")
         + ret + " prot 0 tlb_size 4096\n";
}

RiscvMmuLog::Translation only(const std::string& text) {
  RiscvMmuLog log;
  log.restart(text);
  const auto found = log.next();
  log.advance();
  EXPECT_FALSE(log.next().has_value());
  return found.value_or(RiscvMmuLog::Translation{});
}

TEST(RiscvMmuLogTest, TellsPagesAndWhatProtectionSays) {
  for (const char* ret : {"0", "2"}) {
    const auto found = only(denied_or_not(ret));
    EXPECT_EQ(found.from, 0xf'ffff'ffff'f123U);
    EXPECT_EQ(found.to, 0xfff'ffff'ff23U);
    EXPECT_TRUE(found.ended);
    EXPECT_FALSE(found.left_memory);
    EXPECT_EQ(found.denied, *ret == '2');
  }
}

TEST(RiscvMmuLogTest, TellsAFaultFromAWalkThatLeavesMemory) {
  for (const char* ret : {"1", "2"}) {
    const auto found =
        only(second_stage(ret + std::string(" physical ffffffffff123456 prot 0\n")) + of_the_harness);
    EXPECT_EQ(found.from, 0xf'ffff'ffff'f123U);
    EXPECT_FALSE(found.ended);
    EXPECT_EQ(found.left_memory, *ret == '2');
    EXPECT_FALSE(found.denied);
  }
}

TEST(RiscvMmuLogTest, KeepsTheOrder) {
  RiscvMmuLog log;
  log.restart(denied_or_not("0") + of_the_harness + second_stage("1 physical 0 prot 0\n")
              + denied_or_not("2"));
  for (const auto& [ended, denied] : {std::pair{true, false}, {false, false}, {true, true}}) {
    ASSERT_TRUE(log.next().has_value());
    EXPECT_EQ(log.next()->ended, ended);
    EXPECT_EQ(log.next()->denied, denied);
    log.advance();
  }
  EXPECT_FALSE(log.next().has_value());
}

TEST(RiscvMmuLogTest, HasNothingOfWordsItDoesNotKnow) {
  RiscvMmuLog log;
  for (const std::string& text :
       {std::string(), std::string(of_the_harness), std::string(first_stage), second_stage("0"),
        second_stage("0 physical 00fffffffff23456 prot 7\n"), second_stage("well physical 0 prot 0\n"),
        second_stage("1 virtual 0 prot 0\n")}) {
    log.restart(text);
    EXPECT_FALSE(log.next().has_value()) << text;
  }
}

} // namespace
} // namespace pagetwin::emulators
