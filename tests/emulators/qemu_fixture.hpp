// What the tests of QEMU's walkers share. Skipped where QEMU or its guests are missing.
#pragma once

#include "fuzz/emulators/qemu.hpp"
#include "tests/emulators/fixture.hpp"

namespace pagetwin::emulators {

static_assert(tables_base == image_base);

class QemuTest : public EmulatorTest {
 protected:
  [[nodiscard]] Qemu& emulator() { return dynamic_cast<Qemu&>(EmulatorTest::emulator()); }
};

} // namespace pagetwin::emulators
