#include "fuzz/oracles/replaced_hull.hpp"

namespace pagetwin::fuzz {

ReplacedHull hull_of(const View& view, std::span<const Replaced> replaced) {
  ReplacedHull hull;
  for (std::size_t i = 0; i < replaced.size();) {
    const Replaced& r = replaced[i];
    unsigned lowest = r.index, highest = r.index;
    for (; i < replaced.size() && replaced[i].serial == r.serial; ++i) {
      lowest = std::min<unsigned>(lowest, replaced[i].index);
      highest = std::max<unsigned>(highest, replaced[i].index);
    }
    hull.first = std::min(hull.first, view.slot_range(r.node_va, r.level, lowest).first);
    hull.last = std::max(hull.last, view.slot_range(r.node_va, r.level, highest).last);
    hull.is_of_one_space = hull.is_of_one_space && r.space == replaced.front().space;
    hull.has_upper = hull.has_upper || r.level != 0;
  }
  return hull;
}

} // namespace pagetwin::fuzz
