// A table machine for one format, one memory and the walker that judges it: what a fuzz target names.
#pragma once

#include "fuzz/machines/make_subject.hpp"
#include "fuzz/machines/table/domains.hpp"
#include "fuzz/machines/table/machine.hpp"
#include "fuzz/twin/target.hpp"

namespace pagetwin::fuzz {

template <Format F, template <class> class Backing, const reference::Mmu& (*Walker)()>
[[nodiscard]] std::unique_ptr<twin::Machine> make_table_machine(const twin::MachineOptions& options) {
  return std::make_unique<TableMachine>(TableSides{&table_schema<F>, make_subject<F, Backing>, Walker},
                                        options);
}

// The same over observed memory, with every intermediate state judged.
template <Format F, const reference::Mmu& (*Walker)(), const BreakRules& (*Rules)()>
[[nodiscard]] std::unique_ptr<twin::Machine> make_transitions_machine(const twin::MachineOptions& options) {
  return std::make_unique<TableMachine>(
      TableSides{&table_schema<F>, make_subject<F, ObservedBacking>, Walker, Rules}, options);
}

template <Format F, const reference::Mmu& (*Walker)(), const BreakRules& (*Rules)()>
[[nodiscard]] constexpr twin::Target transitions_target(std::string_view name) {
  return {.name = name,
          .schema = &table_schema<F>,
          .make = make_transitions_machine<F, Walker, Rules>,
          .max_ops = 256};
}

template <Format F, template <class> class Backing, const reference::Mmu& (*Walker)()>
[[nodiscard]] constexpr twin::Target table_target(std::string_view name) {
  return {.name = name,
          .schema = &table_schema<F>,
          .make = make_table_machine<F, Backing, Walker>,
          .max_ops = 256};
}

} // namespace pagetwin::fuzz
