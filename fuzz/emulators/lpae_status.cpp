#include "fuzz/emulators/lpae_status.hpp"

#include <array>

namespace pagetwin::emulators::lpae {

std::optional<Answer> read_status(unsigned status, unsigned last) {
  static constexpr std::array<Outcome, 4> reasons{Outcome::address_size, Outcome::not_present,
                                                  Outcome::access_flag, Outcome::protection};
  const unsigned reason = status >> 2U, level = status & 3U;
  if (reason >= reasons.size() || level > last)
    return std::nullopt;
  return Answer{reasons[reason], std::nullopt, last - level};
}

} // namespace pagetwin::emulators::lpae
