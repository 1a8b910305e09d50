// What is explained of processors under KVM: nothing where nothing was seen, and else no more than was.
#include "fuzz/emulators/kvm_deviations.hpp"

#include <gtest/gtest.h>

namespace pagetwin::emulators {
namespace {

constexpr std::uint64_t P = 1, A = 32, D = 64, PS = 128, table = 0x1'0000'1000 | P;

TEST(KvmDeviationsTest, NothingIsExplainedWhereFaultsLeaveNoMarks) {
  EXPECT_TRUE(kvm_word_deviations(false).empty());
}

TEST(KvmDeviationsTest, WhereFaultsLeaveMarksOnlyAOfTablesIsExplained) {
  ASSERT_EQ(kvm_word_deviations(true).size(), 1U);
  const WordDeviation& known = kvm_word_deviations(true)[0];
  EXPECT_TRUE(known.explains("x86_64_4", {1, table, table, table | A}));
  EXPECT_FALSE(known.explains("x86_64_4", {1, table, table, table | A | D}));
  EXPECT_FALSE(known.explains("x86_64_4", {1, table, table | A, table}));
  EXPECT_FALSE(known.explains("x86_64_4", {1, table | PS, table | PS, table | PS | A}));
  EXPECT_FALSE(known.explains("x86_64_4", {1, table & ~P, table & ~P, (table & ~P) | A}));
}

} // namespace
} // namespace pagetwin::emulators
