// libunicorn behind its TLB (cached_mmu.hpp): loads and stores of EL1, for the user by LDTR and STTR, and
// TLBI, all run as code of the guest. Frames are pages of its physical memory that say where they are. It
// refuses to say why an access faults, as nothing takes the exception.
#pragma once

#include "fuzz/emulators/cached_mmu.hpp"

#include <memory>

namespace pagetwin::emulators {

[[nodiscard]] std::unique_ptr<CachedMmu> make_unicorn_cached();

} // namespace pagetwin::emulators
