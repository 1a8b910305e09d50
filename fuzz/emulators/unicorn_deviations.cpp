#include "fuzz/emulators/unicorn_deviations.hpp"

namespace pagetwin::emulators {

std::span<const Deviation> unicorn_deviations() { return {}; }

} // namespace pagetwin::emulators
