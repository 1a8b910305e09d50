#include "fuzz/emulators/unassigned_log.hpp"

#include <gtest/gtest.h>

namespace pagetwin::emulators {
namespace {

constexpr Probe read{0x3124, Kind::read, false}, write{0x3124, Kind::write, false};
constexpr const char* two_lines =
    "Invalid read at addr 0x1234567000, size 8, region '(null)', reason: rejected\n"
    "something else\n"
    "Invalid write at addr 0x765432008, size 8, region '(null)', reason: rejected\n";

class UnassignedLogTest : public testing::Test {
 protected:
  void SetUp() override { log.restart(two_lines); }
  UnassignedLog log;
};

TEST_F(UnassignedLogTest, TellsWhereEachAccessWentInTheirOrder) {
  EXPECT_EQ(log.take(read, 0x3000).pa, 0x12'3456'7124U);
  EXPECT_EQ(log.take(write, 0x3008).pa, 0x7'6543'2124U);
}

TEST_F(UnassignedLogTest, DoesNotJudgeWhatItHasNoLineOf) {
  EXPECT_EQ(log.take(write, 0x3008).outcome, Outcome::not_judged) << "the line is of a read";
  EXPECT_EQ(log.take(write, 0x3000).outcome, Outcome::not_judged)
      << "the line is of another place in the page";
  EXPECT_EQ(log.take(read, 0x3000).outcome, Outcome::not_judged) << "there are no more lines";
}

TEST_F(UnassignedLogTest, ForgetsTheLastBatch) {
  log.restart("Invalid read at addr 0xzz, size 8\nInvalid read at addr 0x12");
  EXPECT_EQ(log.take(read, 0x3000).outcome, Outcome::not_judged) << "no line is whole";
}

TEST(UnassignedLog, KnowsWhereThereIsMemory) {
  EXPECT_TRUE(UnassignedLog::is_assigned(0x1'0000'0000));
  EXPECT_FALSE(UnassignedLog::is_assigned(0x2'0000'0000));
  EXPECT_FALSE(UnassignedLog::is_assigned(std::nullopt));
}

TEST(UnassignedLog, SaysThatAnAccessToMemoryAgreesWithNoFrame) {
  EXPECT_EQ(UnassignedLog::met_something().outcome, Outcome::ok);
  EXPECT_EQ(UnassignedLog::met_something().pa, ~std::uint64_t{0});
}

} // namespace
} // namespace pagetwin::emulators
