#include "fuzz/emulators/tag_pages.hpp"

#include <algorithm>
#include <cstring>
#include <stdexcept>

namespace pagetwin::emulators {

namespace {

constexpr unsigned page_shift = 12, index_bits = 9;
// In the bits below a page's address: no word of an untouched page looks like it.
constexpr std::uint64_t mark = 0xa5;

unsigned shift_of(unsigned level) { return page_shift + index_bits * level; }

std::uint64_t load(std::span<const std::byte, 8> at) {
  std::uint64_t word = 0;
  std::memcpy(&word, at.data(), sizeof word);
  return word;
}
void store(std::span<std::byte, 8> at, std::uint64_t word) { std::memcpy(at.data(), &word, sizeof word); }

} // namespace

TagPages::TagPages(std::span<std::byte> memory, std::uint64_t physical, const StageShape& shape)
    : memory_(memory), physical_(physical), shape_(shape) {
  static_cast<void>(take(shape.root_bytes));
}

std::size_t TagPages::take(std::size_t bytes) {
  if (memory_.size() - used_ < bytes)
    throw std::runtime_error("a second stage with more frames than the harness has memory for");
  std::ranges::fill(memory_.subspan(used_, bytes), std::byte{0});
  used_ += bytes;
  return used_ - bytes;
}

std::span<std::byte, 8> TagPages::slot(std::size_t node, std::uint64_t from, unsigned level) const {
  const std::size_t slots = (node == 0 ? shape_.root_bytes : page_bytes) / 8;
  return memory_.subspan(node + 8 * (from >> shift_of(level) & (slots - 1))).first<8>();
}

// The node below a slot, which is made if there is none.
std::size_t TagPages::child(std::size_t node, std::uint64_t from, unsigned level) {
  const auto here = slot(node, from, level);
  if (const std::uint64_t word = load(here); word != 0)
    return shape_.address(word) - physical_;
  const std::size_t made = take(page_bytes);
  store(here, shape_.table(physical_ + made));
  return made;
}

void TagPages::map(std::uint64_t from, std::uint64_t to, unsigned level, bool writable) {
  std::size_t node = 0;
  for (unsigned at = shape_.levels - 1; at > level; --at)
    node = child(node, from, at);
  store(slot(node, from, level), shape_.leaf(to, level, writable));
}

void TagPages::map_to_itself(std::uint64_t first, std::uint64_t bytes, bool writable) {
  const std::uint64_t end = first + bytes, large = std::uint64_t{1} << shift_of(1);
  while (first < end) {
    const unsigned level = first % large == 0 && end - first >= large ? 1 : 0;
    map(first, first, level, writable);
    first += std::uint64_t{1} << shift_of(level);
  }
}

void TagPages::tag(std::uint64_t frame) {
  const std::size_t page = take(page_bytes);
  store(memory_.subspan(page).first<8>(), tag_of(frame));
  map(frame, physical_ + page, 0, true);
}

std::uint64_t TagPages::tag_of(std::uint64_t frame) { return frame | mark; }

std::uint64_t TagPages::aim(const Probe& probe) {
  return (probe.address & ~(page_bytes - 1)) + (probe.kind == Kind::write ? 8 : 0);
}

Answer TagPages::answer(const Probe& probe, std::uint64_t word) {
  if (probe.kind != Kind::read)
    return {Outcome::ok, std::nullopt, std::nullopt};
  constexpr std::uint64_t nowhere = ~std::uint64_t{0};
  if ((word & (page_bytes - 1)) != mark)
    return {Outcome::ok, nowhere, std::nullopt};
  return {Outcome::ok, (word - mark) | (probe.address & (page_bytes - 1)), std::nullopt};
}

} // namespace pagetwin::emulators
