#include "fuzz/oracles/progress.hpp"

namespace pagetwin::fuzz {

// The slot is table memory, and 0 where none is to blame.
Verdict ran_away(const Runaway& runaway, std::uint64_t va, const char* doing) {
  const auto slot = static_cast<unsigned long long>(runaway.address);
  const std::string where = slot == 0 ? std::string() : format(", at slot %#llx", slot);
  const std::string what = format("%s: %s", doing, runaway.what);
  return finding("O15 progress", va, what, what + where);
}

} // namespace pagetwin::fuzz
