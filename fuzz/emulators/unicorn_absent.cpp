// Stands for unicorn.cpp where CMake did not find libunicorn, or was told not to look; it says which.
#include "fuzz/emulators/oracles.hpp"

namespace pagetwin::emulators {

Opened open_unicorn() { return Absent{"unicorn", PAGETWIN_UNICORN_ABSENT}; }

} // namespace pagetwin::emulators
