#include "fuzz/machines/foreign/expectation.hpp"

#include "fuzz/oracles/finding.hpp"

namespace pagetwin::fuzz {

namespace {

using emulators::Outcome;
using Hex = unsigned long long;

std::optional<Outcome> outcome_of(reference::Outcome outcome) {
  switch (outcome) {
  case reference::Outcome::ok:
    return Outcome::ok;
  case reference::Outcome::not_present:
    return Outcome::not_present;
  case reference::Outcome::protection:
  case reference::Outcome::protection_key:
    return Outcome::protection;
  case reference::Outcome::reserved:
    return Outcome::reserved;
  case reference::Outcome::access_flag:
    return Outcome::access_flag;
  case reference::Outcome::non_canonical:
    return Outcome::non_canonical;
  case reference::Outcome::outside_memory:
    return std::nullopt;
  }
  return std::nullopt;
}

// The reference has one word for a descriptor that cannot be used, be it for its bits or for its address.
Outcome coarse(Outcome outcome) { return outcome == Outcome::address_size ? Outcome::reserved : outcome; }

std::string show(Outcome outcome, std::optional<std::uint64_t> pa) {
  return std::string(to_text(outcome)) + (pa ? format(" %#llx", Hex{*pa}) : "");
}

std::string show_level(unsigned level) { return format(" at level %u", level); }

} // namespace

reference::Access access_of(const emulators::Probe& probe) {
  return {static_cast<reference::AccessKind>(probe.kind), probe.user};
}

std::optional<emulators::Expected> expectation(const reference::Walk& walk) {
  const auto outcome = outcome_of(walk.outcome);
  if (!outcome)
    return std::nullopt;
  emulators::Expected expected{*outcome, std::nullopt, walk.level, {}, walk.steps_taken};
  if (*outcome == Outcome::ok)
    expected.pa = walk.translation.pa;
  for (unsigned i = 0; i < walk.steps_taken; ++i)
    expected.words[i] = walk.steps[i].raw;
  return expected;
}

// A fault before the first descriptor has no level of the table.
bool agree(const emulators::Expected& expected, const emulators::Answer& answer) {
  if (answer.outcome == Outcome::fault)
    return expected.outcome != Outcome::ok;
  if (coarse(expected.outcome) != coarse(answer.outcome))
    return false;
  if (expected.outcome == Outcome::ok)
    return !answer.pa || answer.pa == expected.pa;
  return !answer.level || expected.words_count == 0 || answer.level == expected.level;
}

const char* to_text(Outcome outcome) {
  switch (outcome) {
  case Outcome::ok:
    return "ok";
  case Outcome::not_present:
    return "not present";
  case Outcome::protection:
    return "protection";
  case Outcome::reserved:
    return "reserved";
  case Outcome::address_size:
    return "address size";
  case Outcome::access_flag:
    return "access flag";
  case Outcome::non_canonical:
    return "non-canonical";
  case Outcome::fault:
    return "fault";
  case Outcome::not_judged:
    return "not judged";
  }
  return "unknown";
}

std::string to_text(const emulators::Probe& probe) {
  static constexpr std::array names{"read", "write", "execute"};
  return std::string(probe.user ? "user " : "supervisor ") + names[static_cast<std::size_t>(probe.kind)];
}

std::string to_text(const emulators::Expected& expected) {
  const bool has_level = expected.outcome != Outcome::ok && expected.words_count != 0;
  return show(expected.outcome, expected.pa) + (has_level ? show_level(expected.level) : "");
}

std::string to_text(const emulators::Answer& answer) {
  return show(answer.outcome, answer.pa) + (answer.level ? show_level(*answer.level) : "");
}

} // namespace pagetwin::fuzz
