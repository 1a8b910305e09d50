// One access to memory: what is asked for, and by whom.
// It refuses to know control registers: how they bend a rule is the walker's business. docs/table.md,
// "Values", names the rights.
#pragma once

#include "reference/attributes.hpp"

#include <cstdint>

namespace reference {

enum class AccessKind : std::uint8_t { read, write, execute };

struct Access {
  AccessKind kind = AccessKind::read;
  bool user = false;
};

// No right implies another.
[[nodiscard]] constexpr bool has_right(const Attributes& attributes, AccessKind kind) {
  return kind == AccessKind::read    ? attributes.read
         : kind == AccessKind::write ? attributes.write
                                     : attributes.execute;
}

// A user needs `user` besides; a supervisor may use what a user may.
[[nodiscard]] constexpr bool permits_by_user_right(const Attributes& attributes, const Access& access) {
  return has_right(attributes, access.kind) && (!access.user || attributes.user);
}

// A second stage serves a guest whose own tables know its modes: only a fetch depends on who asks. `execute`
// is the supervisor's, `user` is the right of a user to fetch, and binds no data access.
[[nodiscard]] constexpr bool permits_by_fetch_rights(const Attributes& attributes, const Access& access) {
  const bool is_user_fetch = access.kind == AccessKind::execute && access.user;
  return is_user_fetch ? attributes.user : has_right(attributes, access.kind);
}

} // namespace reference
