// A machine of the page-table ADT for one format and the decoder that judges it: what a fuzz target names.
#pragma once

#include "fuzz/machines/l4_page_table/domains.hpp"
#include "fuzz/machines/l4_page_table/machine.hpp"
#include "fuzz/machines/l4_page_table/multi_level_subject_of.hpp"
#include "fuzz/twin/target.hpp"

namespace pagetwin::fuzz {

template <Format F, const reference::Mmu& (*Decoder)(), const BreakRules& (*Rules)()>
[[nodiscard]] std::unique_ptr<twin::Machine> make_adt_machine(const twin::MachineOptions& options) {
  return std::make_unique<AdtMachine>(AdtSides{&adt_schema<F>, make_multi_level_subject<F>, Decoder, Rules},
                                      options);
}

template <Format F, const reference::Mmu& (*Decoder)(), const BreakRules& (*Rules)()>
[[nodiscard]] constexpr twin::Target adt_target(std::string_view name) {
  return {
      .name = name, .schema = &adt_schema<F>, .make = make_adt_machine<F, Decoder, Rules>, .max_ops = 256};
}

} // namespace pagetwin::fuzz
