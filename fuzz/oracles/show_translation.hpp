// A translation for people: the address, the size, rights, everything else about the leaf, and its flags. It
// refuses to judge.
#pragma once

#include "reference/attributes.hpp"

#include <optional>
#include <string>

namespace pagetwin::fuzz {

// "0x9000 size 0x1000 rw-u type 0 key 0 software 0", then what is there of global, accessed and dirty.
[[nodiscard]] std::string show_translation(const reference::Translation& t);
// As above, or "nothing".
[[nodiscard]] std::string show_translation(const std::optional<reference::Translation>& t);

} // namespace pagetwin::fuzz
