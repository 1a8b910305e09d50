// A second stage of translation, written by the harness into a guest's RAM, so that real accesses through the
// first may lead anywhere: each frame goes to a page of its own that says in its first word which frame it
// stands for. It refuses to know an architecture's bits: a shape says them.
#pragma once

#include "fuzz/emulators/emulator.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace pagetwin::emulators {

// A radix tree of 512 descriptors of 8 bytes a node, but for a root that may be larger.
struct StageShape {
  unsigned levels;
  std::size_t root_bytes;
  std::uint64_t (*table)(std::uint64_t physical);
  std::uint64_t (*address)(std::uint64_t table);                                // what `table` was made of
  std::uint64_t (*leaf)(std::uint64_t physical, unsigned level, bool writable); // level 0: 4 KiB
};

class TagPages {
 public:
  static constexpr std::size_t page_bytes = 4096;

  // `memory` lies at `physical` and begins with the root.
  TagPages(std::span<std::byte> memory, std::uint64_t physical, const StageShape& shape);

  // A leaf; throws std::runtime_error when the memory is full.
  void map(std::uint64_t from, std::uint64_t to, unsigned level, bool writable);
  // Every byte of [first, first + bytes) leads to itself. Both are whole pages.
  void map_to_itself(std::uint64_t first, std::uint64_t bytes, bool writable);
  void tag(std::uint64_t frame);

  // The first word of a frame's page.
  [[nodiscard]] static std::uint64_t tag_of(std::uint64_t frame);
  // Where in its page an access of eight bytes goes: a load to the first word, a store beside it.
  [[nodiscard]] static std::uint64_t aim(const Probe& probe);
  // Of an access that went through: where it led, if it is a load, which found `word`. Every frame that it
  // may lead to has a tag; one without leads nowhere, to an address that no table has.
  [[nodiscard]] static Answer answer(const Probe& probe, std::uint64_t word);

 private:
  [[nodiscard]] std::size_t take(std::size_t bytes); // zeroed
  [[nodiscard]] std::span<std::byte, 8> slot(std::size_t node, std::uint64_t from, unsigned level) const;
  [[nodiscard]] std::size_t child(std::size_t node, std::uint64_t from, unsigned level);

  std::span<std::byte> memory_;
  std::uint64_t physical_;
  StageShape shape_;
  std::size_t used_ = 0;
};

} // namespace pagetwin::emulators
