// Numbers in ascending order, each once.
#pragma once

#include <algorithm>
#include <vector>

namespace pagetwin::emulators {

template <class T>
void keep_each_once(std::vector<T>& values) {
  std::ranges::sort(values);
  const auto repeated = std::ranges::unique(values);
  values.erase(repeated.begin(), repeated.end());
}

} // namespace pagetwin::emulators
