#include "fuzz/emulators/kvm_deviations.hpp"

#include "fuzz/emulators/x86_deviations.hpp"

#include <array>

namespace pagetwin::emulators {

namespace {

constexpr std::array of_silicon{x86_marks_tables_of_a_fault};

} // namespace

std::span<const WordDeviation> kvm_word_deviations(bool marks_faults) {
  return std::span(of_silicon).first(marks_faults ? of_silicon.size() : 0);
}

} // namespace pagetwin::emulators
