// One access to memory: what is asked for, and by whom. Refuses to know a format: which rights an access
// takes there is a question that the format answers (permits, in src/arch/format.hpp).
#pragma once

#include "src/base/attributes.hpp"

namespace pagetwin {

enum class AccessKind : std::uint8_t { read, write, execute };
enum class Privilege : std::uint8_t { supervisor, user };

// The right that an access is named after. None implies another.
[[nodiscard]] constexpr Rights right_of(AccessKind kind) {
  constexpr Rights rights[] = {Rights::read, Rights::write, Rights::execute};
  return rights[static_cast<unsigned>(kind)];
}
// The plainest rule: a user needs `user` besides, and a supervisor may do what a user may.
[[nodiscard]] constexpr bool permits_by_user_right(Rights rights, AccessKind kind, Privilege who) {
  return has(rights, right_of(kind) | when(who == Privilege::user, Rights::user));
}
// Where data accesses know no mode and fetches have a right for each: `user` is the one of a user's.
[[nodiscard]] constexpr bool permits_by_fetch_right(Rights rights, AccessKind kind, Privilege who) {
  const bool user_fetch = kind == AccessKind::execute && who == Privilege::user;
  return has(rights, user_fetch ? Rights::user : right_of(kind));
}

} // namespace pagetwin
