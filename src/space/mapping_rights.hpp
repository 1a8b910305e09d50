// The rights of a mapping as a leaf has them: for users, where the format tells them from others. Knows no
// bit of a descriptor.
#pragma once

#include "src/arch/format.hpp"
#include "src/space/mapping_node.hpp"

#include <array>

namespace pagetwin {

// Where `user` would allow a user more than these rights, or is nothing that the format can say beside them,
// it stays away.
template <Format F>
[[nodiscard]] constexpr Attributes find_mapping_attributes(Rights rights) {
  const Attributes plain{.rights = rights}, for_users{.rights = rights | Rights::user};
  bool fits = F::expressible(for_users);
  for (const AccessKind kind : {AccessKind::read, AccessKind::write, AccessKind::execute})
    fits = fits && (has(rights, right_of(kind)) || !F::permits(for_users, kind, Privilege::user));
  return fits ? for_users : plain;
}
template <Format F>
inline constexpr auto all_mapping_attributes = [] {
  std::array<Attributes, static_cast<unsigned>(all_rights) + 1> all;
  for (unsigned rights = 0; rights < all.size(); ++rights)
    all[rights] = find_mapping_attributes<F>(static_cast<Rights>(rights));
  return all;
}();
// rights: of read, write and execute only.
template <Format F>
[[nodiscard]] constexpr const Attributes& mapping_attributes(Rights rights) {
  return all_mapping_attributes<F>[static_cast<unsigned>(rights)];
}
// Some of read, write and execute, that the format can express.
template <Format F>
[[nodiscard]] constexpr bool is_mapping_right(Rights rights) {
  return (rights & all_rights) == rights && grants_access(rights)
         && F::expressible(mapping_attributes<F>(rights));
}
// May these be taken away from any mapping?
template <Format F>
[[nodiscard]] constexpr bool is_revocable(Rights mask) {
  const Rights left = without(all_rights, mask);
  return (mask & all_rights) == mask && grants_access(mask)
         && (left == Rights::none || is_mapping_right<F>(left));
}

} // namespace pagetwin
