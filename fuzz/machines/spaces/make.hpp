// A machine "spaces" for one format, the walker that judges its bytes, and one of the reference's models:
// what a fuzz target names.
#pragma once

#include "fuzz/machines/spaces/domains.hpp"
#include "fuzz/machines/spaces/machine.hpp"
#include "fuzz/machines/spaces/spaces_subject_of.hpp"
#include "fuzz/twin/target.hpp"

namespace pagetwin::fuzz {

template <class Model>
[[nodiscard]] std::unique_ptr<reference::L4Model> make_l4_model(const reference::Profile& profile) {
  return std::make_unique<Model>(profile);
}

template <Format F, const reference::Mmu& (*Walker)(), class Model, Flexpages Flex>
[[nodiscard]] std::unique_ptr<twin::Machine> make_spaces_machine(const twin::MachineOptions& options) {
  return std::make_unique<SpacesMachine>(SpacesSides{&spaces_schema<F, Flex>, make_spaces_subject<F>, Walker,
                                                     make_l4_model<Model>, Flex == Flexpages::no},
                                         options);
}

template <Format F, const reference::Mmu& (*Walker)(), class Model, Flexpages Flex>
[[nodiscard]] constexpr twin::Target spaces_target(std::string_view name) {
  return {.name = name,
          .schema = &spaces_schema<F, Flex>,
          .make = make_spaces_machine<F, Walker, Model, Flex>,
          .max_ops = 256};
}

} // namespace pagetwin::fuzz
