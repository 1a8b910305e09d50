// A walk of the reference, for people: how it ended and every descriptor that it read. It refuses to judge.
#pragma once

#include "fuzz/oracles/view.hpp"

#include <string>

namespace pagetwin::fuzz {

// One line a descriptor, after "walk of 0x1000 <where>: not_present".
[[nodiscard]] std::string show_walk(const View& view, std::uint64_t root, std::uint64_t va,
                                    const std::string& where);

} // namespace pagetwin::fuzz
