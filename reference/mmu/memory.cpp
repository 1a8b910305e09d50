#include "reference/mmu/memory.hpp"

namespace reference {

namespace {

constexpr unsigned stride = 16;

std::uint64_t word(const unsigned char* words, unsigned index) {
  std::uint64_t raw = 0;
  std::memcpy(&raw, words + std::uint64_t{index} * sizeof raw, sizeof raw);
  return raw;
}

bool stride_of_zeros(const unsigned char* words, unsigned index) {
  std::uint64_t any = 0;
  for (unsigned next = 0; next < stride; ++next)
    any |= word(words, index + next);
  return any == 0;
}

} // namespace

unsigned next_nonzero(const unsigned char* words, unsigned index, unsigned end) {
  while (index < end && word(words, index) == 0) {
    ++index;
    while (index + stride <= end && stride_of_zeros(words, index))
      index += stride;
  }
  return index;
}

} // namespace reference
