// A walk of the reference, in the words that emulators answer with.
#pragma once

#include "fuzz/emulators/deviation.hpp"
#include "reference/mmu/mmu.hpp"

#include <string>

namespace pagetwin::fuzz {

[[nodiscard]] reference::Access access_of(const emulators::Probe& probe);
// Nothing where the walk left the memory: no manual says what comes then.
[[nodiscard]] std::optional<emulators::Expected> expectation(const reference::Walk& walk);
[[nodiscard]] bool agree(const emulators::Expected& expected, const emulators::Answer& answer);

[[nodiscard]] const char* to_text(emulators::Outcome outcome);
[[nodiscard]] std::string to_text(const emulators::Probe& probe); // "user write"
[[nodiscard]] std::string to_text(const emulators::Expected& expected);
[[nodiscard]] std::string to_text(const emulators::Answer& answer);

} // namespace pagetwin::fuzz
