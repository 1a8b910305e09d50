// Every value of every attribute, expressible or not, for tests of encodings: rights, memory types and global
// one by one, what is wider by powers of two and their neighbours. It refuses to know any format.
#pragma once

#include "src/base/attributes.hpp"

#include <initializer_list>

namespace pagetwin {

template <class Visit>
void for_all_attributes(Visit&& visit) {
  for (unsigned rights = 0; rights < 16; ++rights)
    for (unsigned type = 0; type < 256; ++type)
      for (const unsigned key : {0U, 1U, 15U, 128U, 255U})
        for (const unsigned software : {0U, 1U, 2U, 3U, 4U, 7U, 8U, 256U, 32768U, 65535U})
          for (const bool global : {false, true})
            visit(Attributes{.rights = static_cast<Rights>(rights),
                             .memory_type = static_cast<std::uint8_t>(type),
                             .key = static_cast<std::uint8_t>(key),
                             .global = global,
                             .software = static_cast<std::uint16_t>(software)});
}

template <class F>
[[nodiscard]] unsigned count_expressible() {
  unsigned count = 0;
  for_all_attributes([&count](const Attributes& a) { count += F::expressible(a); });
  return count;
}

} // namespace pagetwin
