// See stats.hpp.
#include "fuzz/twin/stats.hpp"

namespace pagetwin::twin {

void Stats::add(const Program& program, const Recording& recording) {
  for (std::size_t i = 0; i < recording.outcomes.size(); ++i) {
    const std::string& outcome = recording.outcomes[i];
    ++counts_[{program.ops[i].verb, outcome.substr(0, outcome.find(' '))}];
  }
}

std::string Stats::render(const Schema& schema) const {
  std::string text;
  for (const auto& [what, count] : counts_) {
    std::string number = std::to_string(count);
    number.insert(0, number.size() < 12 ? 12 - number.size() : 0, ' ');
    text += number + "  " + std::string(schema.verbs[what.first].name) + " " + what.second + "\n";
  }
  for (std::size_t verb = 0; verb < schema.verbs.size(); ++verb) {
    const auto first = counts_.lower_bound({static_cast<std::uint8_t>(verb), ""});
    if (first == counts_.end() || first->first.first != verb)
      text += "           0  " + std::string(schema.verbs[verb].name) + "\n";
  }
  return text;
}

} // namespace pagetwin::twin
