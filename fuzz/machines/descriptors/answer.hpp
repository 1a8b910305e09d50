// What either side says of an access to a table of any bytes, in the reference's words. It refuses to judge.
#pragma once

#include "fuzz/machines/convert.hpp"
#include "reference/mmu/mmu.hpp"
#include "src/table/walk.hpp"
#include "src/tlb/mmu.hpp"

#include <string>

namespace pagetwin::fuzz {

struct Answer {
  reference::Outcome outcome = reference::Outcome::ok;
  unsigned level = 0;                                // of the descriptor that decided
  std::optional<reference::Translation> translation; // when the outcome is ok; flags as they are afterwards

  bool operator==(const Answer&) const = default;
};

// "ok 0x200001000", "reserved 2" (the level), "non_canonical".
[[nodiscard]] std::string to_text(const Answer& a);
// One line, with everything.
[[nodiscard]] std::string show(const char* who, const Answer& a);
// What differs, in words that stay the same for the same bug.
[[nodiscard]] std::string difference(const Answer& ours, const Answer& theirs);

[[nodiscard]] constexpr reference::Outcome to_reference(Fault f) {
  switch (f) {
  case Fault::none:
    return reference::Outcome::ok;
  case Fault::not_present:
    return reference::Outcome::not_present;
  case Fault::rights:
    return reference::Outcome::protection;
  case Fault::non_canonical:
    return reference::Outcome::non_canonical;
  case Fault::reserved:
    return reference::Outcome::reserved;
  case Fault::outside_memory:
    return reference::Outcome::outside_memory;
  }
  return reference::Outcome::protection_key; // which no Mmu of src knows
}

template <Format F>
[[nodiscard]] reference::Translation to_reference(const TlbTranslation& t) {
  return {raw(t.pa), F::sizes[t.size].bytes(), to_reference(t.attributes), to_reference(t.flags)};
}

template <Format F>
[[nodiscard]] reference::Translation to_reference(const Translation<F>& t) {
  return {raw(t.pa()), t.size().bytes(), to_reference(t.attributes()), to_reference(t.flags())};
}

template <Format F>
[[nodiscard]] Answer answer_of(const AccessResult& r) {
  if (r.fault != Fault::none)
    return {to_reference(r.fault), r.level, std::nullopt};
  return {reference::Outcome::ok, F::sizes[r.translation.size].level, to_reference<F>(r.translation)};
}

// The reference shows flags as they were before; an access that is ok leaves its own besides.
[[nodiscard]] inline Answer answer_of(const reference::Walk& w, const reference::Flags& left) {
  Answer a{w.outcome, w.level, std::nullopt};
  if (w.outcome != reference::Outcome::ok)
    return a;
  a.translation = w.translation;
  a.translation->flags = either(w.translation.flags, left);
  return a;
}

} // namespace pagetwin::fuzz
