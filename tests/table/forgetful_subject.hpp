// A table that changes rights and issues no invalidation for it, or one that ends too early. Everything else
// is as it should be.
#pragma once

#include "tests/table/decorated_subject.hpp"

namespace pagetwin::fuzz {

class ForgetfulSubject final : public DecoratedSubject {
 public:
  // `remembered`: bytes from the start of a range that are invalidated all the same.
  explicit ForgetfulSubject(std::unique_ptr<Subject> inner, std::uint64_t remembered = 0)
      : DecoratedSubject(std::move(inner)), remembered_(remembered) {}

  Amount protect(unsigned s, std::uint64_t va, std::uint64_t length, Rights rights) override {
    const Amount changed = inner().protect(s, va, length, rights);
    Observation& seen = *observation();
    const std::vector<Replaced> replaced(seen.replaced().begin(), seen.replaced().end());
    const std::vector<Invalidation> flushes(seen.flushes().begin(), seen.flushes().end());
    seen.begin_operation();
    for (const Replaced& r : replaced)
      seen.note_store(seen.node(r.slot), r.slot, r.index, r.before, r.after);
    if (remembered_ != 0 && !flushes.empty())
      seen.note_flush({flushes[0].space, va, va + (remembered_ - 1), Invalidation::Reach::leaf});
    return changed;
  }

 private:
  std::uint64_t remembered_;
};

} // namespace pagetwin::fuzz
