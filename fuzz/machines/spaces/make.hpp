// A machine "spaces" for one format and the walker that judges its bytes, with the reference's model that
// fits: what a fuzz target names.
#pragma once

#include "fuzz/machines/spaces/domains.hpp"
#include "fuzz/machines/spaces/machine.hpp"
#include "fuzz/machines/spaces/spaces_subject_of.hpp"
#include "fuzz/twin/target.hpp"
#include "reference/l4_spaces.hpp"
#include "reference/l4_units.hpp"

#include <type_traits>

namespace pagetwin::fuzz {

// The paper's own page by page; in flexpages and superpages the one that knows units.
template <Flexpages Flex>
using L4ModelFor = std::conditional_t<Flex == Flexpages::yes, reference::L4Units, reference::L4Spaces>;

template <class Model>
[[nodiscard]] std::unique_ptr<reference::L4Model> make_l4_model(const reference::Profile& profile) {
  return std::make_unique<Model>(profile);
}

template <Format F, const reference::Mmu& (*Walker)(), Flexpages Flex>
[[nodiscard]] std::unique_ptr<twin::Machine> make_spaces_machine(const twin::MachineOptions& options) {
  return std::make_unique<SpacesMachine>(SpacesSides{&spaces_schema<F, Flex>, make_spaces_subject<F>, Walker,
                                                     make_l4_model<L4ModelFor<Flex>>, Flex == Flexpages::no},
                                         options);
}

template <Format F, const reference::Mmu& (*Walker)(), Flexpages Flex>
[[nodiscard]] constexpr twin::Target spaces_target(std::string_view name) {
  return {.name = name,
          .schema = &spaces_schema<F, Flex>,
          .make = make_spaces_machine<F, Walker, Flex>,
          .max_ops = 256};
}

} // namespace pagetwin::fuzz
