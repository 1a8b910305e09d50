// A fuzz target: a name, a schema, and how to make the machine. A file in fuzz/targets defines target() and
// nothing else; libfuzzer_main.cpp and replay_main.cpp are the two programs made of it.
//
//   pagetwin::twin::Target pagetwin::twin::target() {
//     return {.name = "page_table_x86_64_4", .schema = &table_schema, .make = make_table_machine<X86_64_4>};
//   }
#pragma once

#include "fuzz/twin/machine.hpp"

#include <cstdint>

namespace pagetwin::twin {

// Programs made from bytes are cut here, so that one input cannot take a second.
inline constexpr std::size_t max_ops_from_bytes = 4096;

// What people type to run a trace of most targets again.
inline constexpr std::string_view replay_command = "scripts/replay";

struct Target {
  std::string_view name;
  const Schema* schema = nullptr;
  std::unique_ptr<Machine> (*make)(const MachineOptions&) = nullptr;
  std::size_t max_ops = max_ops_from_bytes; // a machine with costly operations passes less
  // Judges the input's bytes themselves, before they are decoded; for the target that fuzzes the codec and
  // the text reader.
  Verdict (*check_bytes)(std::span<const std::uint8_t>) = nullptr;
  std::string_view replay = replay_command;
};

[[nodiscard]] Target target();

} // namespace pagetwin::twin
