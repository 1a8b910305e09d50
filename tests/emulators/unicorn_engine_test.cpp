// The harness's own processor, over code that is none of its loops. Left out where the library is missing.
#include "fuzz/emulators/unicorn_engine.hpp"

#include <gtest/gtest.h>

namespace pagetwin::emulators {
namespace {

constexpr std::uint32_t svc = 0xd400'0001U, nop = 0xd503'201fU;

TEST(UnicornEngines, RunToTheEndOfTheirCode) {
  const UnicornHarness harness(std::array{nop, nop});
  UnicornEngine engine(harness);
  engine.survive_aborts();
  engine.use(*find_unicorn_regime("aarch64_s1_4k"), 0);
  EXPECT_NO_THROW(engine.run(0, 1, {}));
}

// What comes behind it was never asked, and its cells still hold what they were given.
TEST(UnicornEngines, SayWhenTheirCodeEndsInAnExceptionOfItsOwn) {
  const UnicornHarness harness(std::array{svc, nop});
  UnicornEngine engine(harness);
  engine.survive_aborts();
  engine.use(*find_unicorn_regime("aarch64_s1_4k"), 0);
  for (unsigned again = 0; again < 2; ++again)
    try {
      engine.run(0, 1, {});
      ADD_FAILURE() << "a run that ended too early passed for one";
    } catch (const std::runtime_error& error) {
      EXPECT_STREQ(error.what(), "unicorn: run: exception 2, which is no data abort");
    }
}

} // namespace
} // namespace pagetwin::emulators
