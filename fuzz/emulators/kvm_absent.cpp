// Stands for the files of KVM where CMake did not find its header, or was told not to look; it says which.
#include "fuzz/emulators/oracles.hpp"

namespace pagetwin::emulators {

Opened open_kvm(const std::string&) { return Absent{"kvm", PAGETWIN_KVM_ABSENT}; }
Opened open_kvm_la57(const std::string&) { return Absent{"kvm-la57", PAGETWIN_KVM_ABSENT}; }

} // namespace pagetwin::emulators
