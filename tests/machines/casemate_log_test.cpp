// The log that casemate reads, word for word, as the trace format of casemate 2.0.1 (work in progress) is
// described in its manual and read by its checker (docs/traces.md): what a map stores, how a remap goes
// through a break, and where it ends.
#include "fuzz/machines/table/make.hpp"
#include "src/arch/aarch64.hpp"
#include "src/arch/x86_64.hpp"
#include "tests/machines/traces.hpp"

namespace pagetwin::fuzz {
namespace {

constexpr const char* map_and_remap = "map s=0 va=0x1000 pa=0x200001000 size=4K attrs=rw--\n"
                                      "remap s=0 va=0x1000 pa=0x200005000\n";

constexpr std::string_view expected =
    R"((sysreg-write (id 0) (tid 0) (sysreg vtcr_el2) (value 0x10) (src "pagetwin:1"))
(sysreg-write (id 1) (tid 0) (sysreg tcr_el2) (value 0x10) (src "pagetwin:1"))
(sysreg-write (id 2) (tid 0) (sysreg mair_el2) (value 0) (src "pagetwin:1"))
(sysreg-write (id 3) (tid 0) (sysreg hcr_el2) (value 0) (src "pagetwin:1"))
(sysreg-write (id 4) (tid 0) (sysreg sctlr_el2) (value 0) (src "pagetwin:1"))
(mem-init (id 5) (tid 0) (address 0x100000000) (size 0x1000) (src "pagetwin:1"))
(hint (id 6) (tid 0) (kind set_root_lock) (location 0x100000000) (value 0x1000) (src "pagetwin:1"))
(sysreg-write (id 7) (tid 0) (sysreg ttbr0_el2) (value 0x100000000) (src "pagetwin:1"))
(sysreg-write (id 8) (tid 0) (sysreg sctlr_el2) (value 0x1) (src "pagetwin:1"))
(lock (id 9) (tid 0) (address 0x1000) (src "pagetwin:1"))
(mem-init (id 10) (tid 0) (address 0x100003000) (size 0x1000) (src "pagetwin:1"))
(hint (id 11) (tid 0) (kind set_owner_root) (location 0x100003000) (value 0x100000000) (src "pagetwin:1"))
(mem-init (id 12) (tid 0) (address 0x100002000) (size 0x1000) (src "pagetwin:1"))
(hint (id 13) (tid 0) (kind set_owner_root) (location 0x100002000) (value 0x100000000) (src "pagetwin:1"))
(mem-init (id 14) (tid 0) (address 0x100001000) (size 0x1000) (src "pagetwin:1"))
(hint (id 15) (tid 0) (kind set_owner_root) (location 0x100001000) (value 0x100000000) (src "pagetwin:1"))
(mem-write (id 16) (tid 0) (mem-order release) (address 0x100001008) (value 0x68000200001883) (src "pagetwin:1"))
(mem-write (id 17) (tid 0) (mem-order release) (address 0x100002000) (value 0x100001003) (src "pagetwin:1"))
(mem-write (id 18) (tid 0) (mem-order release) (address 0x100003000) (value 0x100002003) (src "pagetwin:1"))
(mem-write (id 19) (tid 0) (mem-order release) (address 0x100000000) (value 0x100003003) (src "pagetwin:1"))
(mem-write (id 20) (tid 0) (mem-order release) (address 0x100001008) (value 0) (src "pagetwin:2"))
(barrier (id 21) (tid 0) dsb (kind ish) (src "pagetwin:2"))
(tlbi (id 22) (tid 0) vale2is (value 0x1) (src "pagetwin:2"))
(barrier (id 23) (tid 0) dsb (kind ish) (src "pagetwin:2"))
(mem-write (id 24) (tid 0) (mem-order release) (address 0x100001008) (value 0x68000200005883) (src "pagetwin:2"))
(unlock (id 25) (tid 0) (address 0x1000) (src "pagetwin:2"))
)";

class CasemateLogOf : public testing::Test {
 protected:
  template <class Target>
  [[nodiscard]] std::string log(const Target& target, const char* lines) {
    const auto machine = target.make({.thorough = true, .event_log = true}); // as a replay does
    EXPECT_TRUE(agrees(*machine, program_of(lines, *target.schema, "set nodes=8 spaces=1")));
    return machine->event_log() == nullptr ? "none" : *machine->event_log();
  }
};

TEST_F(CasemateLogOf, AMapAndARemapIsWhatTheFormatSays) {
  const auto target =
      transitions_target<Aarch64S1_4k, reference::aarch64_s1_4k, aarch64_break_rules>("a target");
  EXPECT_EQ(log(target, map_and_remap), expected);
}
TEST_F(CasemateLogOf, ASpaceEndsWithTheSpaceAndNoOtherFollows) {
  const auto target =
      transitions_target<Aarch64S1_4k, reference::aarch64_s1_4k, aarch64_break_rules>("a target");
  const std::string text = log(target, "map s=0 va=0x1000 pa=0x200001000 size=4K attrs=rw--\n"
                                       "destroy s=0\n"
                                       "create s=0\n"
                                       "map s=0 va=0x1000 pa=0x200001000 size=4K attrs=rw--\n");
  EXPECT_TRUE(text.ends_with("(unlock (id 30) (tid 0) (address 0x1000) (src \"pagetwin:2\"))\n")) << text;
}
TEST_F(CasemateLogOf, OtherFormatsIsNone) {
  EXPECT_EQ(
      log(transitions_target<X86_64_4, reference::x86_64_4, intel_break_rules>("a target"), map_and_remap),
      "none");
}
TEST_F(CasemateLogOf, WhoDidNotAskIsNone) {
  const auto target =
      transitions_target<Aarch64S1_4k, reference::aarch64_s1_4k, aarch64_break_rules>("a target");
  EXPECT_EQ(target.make({})->event_log(), nullptr);
}

} // namespace
} // namespace pagetwin::fuzz
