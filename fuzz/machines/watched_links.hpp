// LinkedMemory of the fuzzer: the link words of a node are clear when the node is retired, and nobody touches
// them until it is handed out again. It refuses to know what links say.
#pragma once

#include "fuzz/oracles/observed_memory.hpp"
#include "reference/mmu/memory.hpp"
#include "src/space/linked_memory.hpp"

#include <algorithm>
#include <vector>

namespace pagetwin::fuzz {

// Base: an ObservedMemory, or what is derived from it.
template <class Base>
class WatchedLinks : public LinkedMemory<Base> {
  using Linked = LinkedMemory<Base>;

 public:
  using Linked::Linked;

  void restart(Arena& arena, std::size_t units, unsigned unit_shift, std::span<NodeRecord> records) {
    open();
    if (left_ || Base::pool().used() != 0)
      std::ranges::fill(Linked::links(Base::pool().base(), Base::pool().bytes()), std::byte{0});
    left_ = false;
    Base::restart(arena, units, unit_shift, records);
  }
  void leave(Arena& arena) {
    open();
    Base::leave(arena);
  }
  [[nodiscard]] PhysAddr allocate(unsigned shift, Fill fill) {
    const PhysAddr node = Base::allocate(shift, fill);
    const auto words = Linked::links(node, bytes_of(shift));
    unpoison(words.data(), words.size());
    return node;
  }
  void retire(PhysAddr node, unsigned shift, Contents contents) {
    const auto words = Linked::links(node, bytes_of(shift));
    const auto count = static_cast<unsigned>(words.size() / sizeof(std::uint64_t));
    const auto* const bytes = reinterpret_cast<const unsigned char*>(words.data());
    if (reference::next_nonzero<std::uint64_t>(bytes, 0, count) != count) {
      Base::observation().complain("a link outlives its node", raw(node));
      left_ = true;
    }
    poison(words.data(), words.size());
    retired_.push_back(words);
    Base::retire(node, shift, contents);
  }

 private:
  void open() {
    for (const auto words : retired_)
      unpoison(words.data(), words.size());
    retired_.clear();
  }

  std::vector<std::span<std::byte>> retired_; // some of which may be in use again
  bool left_ = false;                         // words that are not zero
};

} // namespace pagetwin::fuzz
