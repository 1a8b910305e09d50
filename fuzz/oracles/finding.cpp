#include "fuzz/oracles/finding.hpp"

#include <cstdio>

namespace pagetwin::fuzz {

std::string format(const char* text, ...) {
  char buffer[512];
  va_list arguments;
  va_start(arguments, text);
  std::vsnprintf(buffer, sizeof buffer, text, arguments);
  va_end(arguments);
  return buffer;
}

twin::Divergence finding(const char* oracle, std::uint64_t address, std::string key, std::string headline,
                         std::string details) {
  twin::Divergence d;
  d.oracle = oracle;
  d.address = address;
  d.key = std::move(key);
  d.headline = std::move(headline);
  d.details = std::move(details);
  return d;
}

} // namespace pagetwin::fuzz
