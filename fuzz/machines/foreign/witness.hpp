// A foreign MMU as a witness against the table under test: when another oracle has found something, it is
// asked what it makes of the address, and its answers are held against the model, not against our walker. So
// a wrong bit that the table wrote is confirmed by somebody who has read neither side. It refuses to be a
// finding of its own.
#pragma once

#include "fuzz/emulators/emulator.hpp"
#include "fuzz/machines/table/machine.hpp"

namespace pagetwin::fuzz {

// One line: the first answer that contradicts the model, in any space, or that there is none, or no answer.
[[nodiscard]] std::string testimony(emulators::Emulator& emulator, const TableMachine& machine,
                                    std::uint64_t address);

} // namespace pagetwin::fuzz
