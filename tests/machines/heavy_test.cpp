// Which programs the engine does not breed from: those in which one call made very many nodes.
#include "fuzz/machines/table/make.hpp"
#include "src/arch/x86_64.hpp"
#include "tests/machines/traces.hpp"

namespace pagetwin::fuzz {
namespace {

constexpr const char* header = "set nodes=4096 spaces=1";

class HeavyPrograms : public testing::Test {
 protected:
  [[nodiscard]] bool is_heavy(const char* lines) {
    EXPECT_TRUE(agrees(*machine_, program_of(lines, machine_->schema(), header)));
    return machine_->is_heavy();
  }

 private:
  std::unique_ptr<twin::Machine> machine_ =
      make_table_machine<X86_64_4, ObservedBacking, reference::x86_64_4>({});
};

TEST_F(HeavyPrograms, AreThoseWithManyNodesInOneCall) {
  EXPECT_FALSE(is_heavy("map s=0 va=0x1000 pa=0x200001000 size=4K attrs=rw--\n"));
  EXPECT_TRUE(is_heavy("map_range s=0 va=0x0 pa=0x200000000 len=1G size=4K attrs=rw--\n"));
}

TEST_F(HeavyPrograms, AreForgottenByTheNext) {
  EXPECT_TRUE(is_heavy("map_range s=0 va=0x0 pa=0x200000000 len=1G size=4K attrs=rw--\n"));
  EXPECT_FALSE(is_heavy("map s=0 va=0x1000 pa=0x200001000 size=4K attrs=rw--\n"));
}

TEST_F(HeavyPrograms, AreNotThoseOfLargeLeaves) {
  EXPECT_FALSE(is_heavy("map_range s=0 va=0x0 pa=0x200000000 len=16G size=1G attrs=rw--\n"
                        "map_range s=0 va=0x8000000000 pa=0x200000000 len=32M size=4K attrs=rw--\n"));
}

} // namespace
} // namespace pagetwin::fuzz
