// Where processors under KVM are known to differ from the reference.
#pragma once

#include "fuzz/emulators/word_deviation.hpp"

#include <span>

namespace pagetwin::emulators {

// marks_faults: a walk that ends in a fault has set A on its way, as processors may. KVM's own walkers do
// not, so that what was never seen there is not explained either.
[[nodiscard]] std::span<const WordDeviation> kvm_word_deviations(bool marks_faults);

} // namespace pagetwin::emulators
