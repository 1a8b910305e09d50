// A memory machine for one format and the walker that judges it: what a fuzz target names.
#pragma once

#include "fuzz/machines/memory/domains.hpp"
#include "fuzz/machines/memory/machine.hpp"
#include "fuzz/machines/memory/os_subject_of.hpp"
#include "fuzz/twin/target.hpp"

namespace pagetwin::fuzz {

template <Format F, const reference::Mmu& (*Walker)(), const BreakRules& (*Rules)()>
[[nodiscard]] std::unique_ptr<twin::Machine> make_memory_machine(const twin::MachineOptions& options) {
  return std::make_unique<MemoryMachine>(
      MemorySides{&memory_schema<F>, make_os_subject<F>, Walker, MemoryDomains<F>::memory_bytes, Rules},
      options);
}

template <Format F, const reference::Mmu& (*Walker)(), const BreakRules& (*Rules)()>
[[nodiscard]] constexpr twin::Target memory_target(std::string_view name) {
  return {.name = name,
          .schema = &memory_schema<F>,
          .make = make_memory_machine<F, Walker, Rules>,
          .max_ops = 256};
}

} // namespace pagetwin::fuzz
