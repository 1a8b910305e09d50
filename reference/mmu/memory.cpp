#include "reference/mmu/memory.hpp"

namespace reference {

namespace {

// So many words are looked at in one step, which the compiler makes a few wide ones.
constexpr unsigned stride = 16;
constexpr unsigned wide_stride = 64;

template <typename Word>
Word word(const unsigned char* words, unsigned index) {
  Word raw = 0;
  std::memcpy(&raw, words + std::uint64_t{index} * sizeof raw, sizeof raw);
  return raw;
}

template <typename Word, unsigned count>
unsigned past_zeros(const unsigned char* words, unsigned index, unsigned end) {
  for (; index + count <= end; index += count) {
    Word any = 0;
    for (unsigned next = 0; next < count; ++next)
      any |= word<Word>(words, index + next);
    if (any != 0)
      break;
  }
  return index;
}

// Is what begins with `first` at `index` a progression for one stride?
template <typename Word>
bool is_progression(const unsigned char* words, unsigned index, Word first, Word step) {
  Word any = 0;
  for (unsigned next = 0; next < stride; ++next, first += step)
    any |= word<Word>(words, index + next) ^ first;
  return any == 0;
}

} // namespace

template <typename Word>
unsigned next_nonzero(const unsigned char* words, unsigned index, unsigned end) {
  while (index < end && word<Word>(words, index) == 0) {
    ++index;
    index = past_zeros<Word, wide_stride>(words, index, end);
    index = past_zeros<Word, stride>(words, index, end);
  }
  return index;
}

template <typename Word>
unsigned progression(const unsigned char* words, unsigned count, Word step) {
  unsigned length = 0;
  Word next = word<Word>(words, 0);
  for (; length + stride <= count && is_progression(words, length, next, step); length += stride)
    next += stride * step;
  for (; length < count && word<Word>(words, length) == next; ++length)
    next += step;
  return length;
}

template unsigned next_nonzero<std::uint32_t>(const unsigned char*, unsigned, unsigned);
template unsigned next_nonzero<std::uint64_t>(const unsigned char*, unsigned, unsigned);
template unsigned progression<std::uint32_t>(const unsigned char*, unsigned, std::uint32_t);
template unsigned progression<std::uint64_t>(const unsigned char*, unsigned, std::uint64_t);

} // namespace reference
