#include "fuzz/oracles/show_translation.hpp"

#include "fuzz/oracles/finding.hpp"

namespace pagetwin::fuzz {

std::string show_translation(const reference::Translation& t) {
  using Hex = unsigned long long;
  const auto& [pa, size, a, flags] = t;
  return format("%#llx size %#llx %c%c%c%c type %u key %u software %#x%s%s%s", Hex{pa}, Hex{size},
                a.read ? 'r' : '-', a.write ? 'w' : '-', a.execute ? 'x' : '-', a.user ? 'u' : '-',
                a.memory_type, a.key, a.software, a.global ? " global" : "",
                flags.accessed ? " accessed" : "", flags.dirty ? " dirty" : "");
}

std::string show_translation(const std::optional<reference::Translation>& t) {
  return t ? show_translation(*t) : "nothing";
}

} // namespace pagetwin::fuzz
