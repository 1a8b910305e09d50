#include "fuzz/machines/foreign/confirmation.hpp"

#include <algorithm>

namespace pagetwin::fuzz {

namespace {

constexpr std::string_view words = " finds it, too: ";

} // namespace

std::string confirmation(std::string_view oracle, std::string_view headline) {
  return std::string(oracle).append(words).append(headline);
}

std::string lost_confirmations(std::string_view details, std::string_view report) {
  std::string lost;
  while (!details.empty()) {
    const std::string_view line = details.substr(0, details.find('\n'));
    if (line.find(words) != std::string_view::npos && report.find(line) == std::string_view::npos)
      lost.append("before it was minimised: ").append(line).append("\n");
    details.remove_prefix(std::min(line.size() + 1, details.size()));
  }
  return lost;
}

} // namespace pagetwin::fuzz
