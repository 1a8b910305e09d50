// A machine "stage2" for one format and the walker that judges its bytes: what a fuzz target names.
#pragma once

#include "fuzz/machines/stage2/machine.hpp"
#include "fuzz/machines/stage2/stage2_subject_of.hpp"
#include "fuzz/twin/target.hpp"

namespace pagetwin::fuzz {

template <Format F, const reference::Mmu& (*Walker)()>
[[nodiscard]] std::unique_ptr<twin::Machine> make_stage2_machine(const twin::MachineOptions& options) {
  return std::make_unique<Stage2Machine>(Stage2Sides{make_stage2_subject<F>, Walker}, options);
}

template <Format F, const reference::Mmu& (*Walker)()>
[[nodiscard]] constexpr twin::Target stage2_target(std::string_view name) {
  return {.name = name, .schema = &stage2_schema, .make = make_stage2_machine<F, Walker>, .max_ops = 256};
}

} // namespace pagetwin::fuzz
