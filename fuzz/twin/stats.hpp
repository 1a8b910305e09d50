// What programs really did: how often each verb had each status. It refuses to know what a status means; it
// is the first word of an outcome.
#pragma once

#include "fuzz/twin/run.hpp"

#include <map>

namespace pagetwin::twin {

class Stats {
 public:
  void add(const Program& program, const Recording& recording);
  [[nodiscard]] std::string
  render(const Schema& schema) const; // one line per verb and status, in the order of the verbs

 private:
  std::map<std::pair<std::uint8_t, std::string>, std::uint64_t> counts_;
};

} // namespace pagetwin::twin
