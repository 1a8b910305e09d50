// What a KVM has is found by trying, and what it has not it does not judge. Not built where KVM is left out;
// the suite is that of kvm_test.cpp.
#include "fuzz/emulators/kvm_features.hpp"
#include "tests/emulators/kvm_fixture.hpp"

namespace pagetwin::emulators {
namespace {

using namespace x86_entry;

// Where the manuals of two makers differ, and the processor goes by the other one, it is no judge.
TEST_P(KvmTest, JudgesGOfATopTableOnlyWhereItIsIgnored) {
  const X86Paging& paging = *find_x86_paging(GetParam().format);
  KvmGuest guest("/dev/kvm", paging);
  const bool ignored = try_features(guest, paging).top_g;
  for (unsigned level = 3; level < paging.levels; ++level) {
    Tables t = x86_tables(paging.levels);
    t.set(0, 0, frame | P | RW | US);
    t.set(level, 0, t.word(level, 0) | G);
    for (const Kind kind : kinds)
      if (ignored)
        expect_ok(ask(t, kernel(kind, 0)), frame);
      else
        expect_fault(ask(t, kernel(kind, 0)), Outcome::not_judged);
  }
}

} // namespace
} // namespace pagetwin::emulators
