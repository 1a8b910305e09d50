#include "reference/mmu/memory.hpp"

namespace reference {

namespace {

constexpr unsigned stride = 16;

template <typename Word>
Word word(const unsigned char* words, unsigned index) {
  Word raw = 0;
  std::memcpy(&raw, words + std::uint64_t{index} * sizeof raw, sizeof raw);
  return raw;
}

template <typename Word>
bool stride_of_zeros(const unsigned char* words, unsigned index) {
  Word any = 0;
  for (unsigned next = 0; next < stride; ++next)
    any |= word<Word>(words, index + next);
  return any == 0;
}

} // namespace

template <typename Word>
unsigned next_nonzero(const unsigned char* words, unsigned index, unsigned end) {
  while (index < end && word<Word>(words, index) == 0) {
    ++index;
    while (index + stride <= end && stride_of_zeros<Word>(words, index))
      index += stride;
  }
  return index;
}

template unsigned next_nonzero<std::uint32_t>(const unsigned char*, unsigned, unsigned);
template unsigned next_nonzero<std::uint64_t>(const unsigned char*, unsigned, unsigned);

} // namespace reference
