#include "fuzz/emulators/oracles.hpp"

namespace pagetwin::emulators {

std::vector<Opened> open_all() {
  std::vector<Opened> all;
  all.push_back(open_unicorn());
  return all;
}

} // namespace pagetwin::emulators
