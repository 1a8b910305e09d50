// What the tests of the processor under /dev/kvm share. Skipped where there is no KVM, or none that opens.
#pragma once

#include "tests/emulators/x86_fixture.hpp"

namespace pagetwin::emulators {

inline constexpr std::array kinds{Kind::read, Kind::write, Kind::execute};

// Each test for 4 levels, and for 5 where the processor has them.
struct Paging {
  const char* format;
  unsigned levels;
  Opened (*open)(const std::string& device);
  friend void PrintTo(const Paging& paging, std::ostream* out) { *out << paging.format; }
};
class KvmTest : public EmulatorTest, public testing::WithParamInterface<Paging> {
 protected:
  void SetUp() override { open(GetParam().open("/dev/kvm")); }
  static Tables tables() { return x86_tables(GetParam().levels); }
  [[nodiscard]] Answer ask(Tables& tables, const Probe& probe) {
    return EmulatorTest::ask(GetParam().format, tables, probe);
  }
  void expect_of_all(Tables& tables, std::uint64_t va, bool user, Outcome outcome) {
    for (const Kind kind : kinds)
      expect_fault(ask(tables, {va, kind, user}), outcome);
  }
};

} // namespace pagetwin::emulators
