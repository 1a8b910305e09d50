#include "fuzz/oracles/observed_memory.hpp"

#include "reference/mmu/memory.hpp"

#include <algorithm>

namespace pagetwin::fuzz {

namespace {

// `line` bytes of `from` over and over, or what comes after them, too. As std::memset and std::memcpy would,
// which ask for the shadow of each byte of a node that was unpoisoned just now.
constexpr std::size_t line = 64;
PAGETWIN_UNSANITIZED void write_lines(std::byte* to, const std::byte* from, std::size_t bytes,
                                      std::size_t step) {
  for (; bytes >= line; bytes -= line, to += line, from += step) {
    __builtin_memcpy(to, from, line);
    asm volatile("" ::: "memory"); // or the compiler would call them after all
  }
  if (bytes != 0)
    std::memcpy(to, from, bytes);
}

} // namespace

template <class Raw>
Raw ObservedMemory::load(PhysAddr pa) const {
  const auto slot = static_cast<std::uint64_t>(pa);
  seen_->tick(slot);
  return seen_->live_node(slot, sizeof(Raw)) != nullptr ? *host<Raw>(slot) : misplaced<Raw>(slot);
}

template <class Raw>
void ObservedMemory::store(PhysAddr pa, Raw word) {
  const auto slot = static_cast<std::uint64_t>(pa);
  seen_->tick(slot);
  if (NodeState* const node = seen_->live_node(slot, sizeof(Raw))) [[likely]]
    write(*node, slot, word);
  else
    complain_of(slot, sizeof(Raw)); // and nothing is stored: it belongs to somebody else
}

template <class Raw>
Raw ObservedMemory::exchange(PhysAddr pa, Raw word) {
  const auto slot = static_cast<std::uint64_t>(pa);
  seen_->tick(slot);
  NodeState* const node = seen_->live_node(slot, sizeof(Raw));
  if (node == nullptr) [[unlikely]]
    return misplaced<Raw>(slot);
  if (watcher_->wants_exchanges())
    watcher_->before_exchange(slot);
  const Raw old = *host<Raw>(slot);
  write(*node, slot, word);
  return old;
}

template <class Raw>
void ObservedMemory::write(NodeState& node, std::uint64_t slot, Raw word) {
  Raw* const at = host<Raw>(slot);
  const Raw before = *at;
  *at = word;
  seen_->note_store(node, slot, static_cast<unsigned>((slot - node.address) / sizeof(Raw)), before, word);
  if (node.linked && watched_stores_ < watched_stores) {
    ++watched_stores_;
    watcher_->after_store(slot);
  }
  if (sink_ != nullptr && node.walked)
    sink_->hear({.kind = MemoryEvent::Kind::store, .address = slot, .before = before, .after = word});
}

template <class Raw>
Raw ObservedMemory::misplaced(std::uint64_t slot) const {
  complain_of(slot, sizeof(Raw));
  return *pool_.host<Raw>(PhysAddr{slot});
}

void ObservedMemory::complain_of(std::uint64_t slot, std::size_t word_bytes) const {
  if (!seen_->contains(slot))
    throw Runaway{"an access outside the arena", slot};
  if (!seen_->is_live(slot))
    seen_->complain("an access to a node that is not live", slot);
  else if (slot % word_bytes != 0)
    seen_->complain("an access to no word of a node", slot);
}

template <class Raw>
Raw ObservedWindow<Raw>::load_anywhere(std::uint64_t i) const {
  return memory_->load<Raw>(at(i));
}

template <class Raw>
void ObservedWindow<Raw>::store_anywhere(std::uint64_t i, Raw word) const {
  memory_->store<Raw>(at(i), word);
}

template <class Raw>
Raw ObservedWindow<Raw>::exchange(std::uint64_t i, Raw word) const {
  return memory_->exchange<Raw>(at(i), word);
}

template <class Raw>
unsigned ObservedWindow<Raw>::next_live(unsigned i, unsigned end) const {
  seen_->tick(address(i));
  if (i >= end)
    return i;
  return within(end - 1) ? next_used(i, end) : next_anywhere(i, end);
}

// Most of most nodes has never been stored to.
template <class Raw>
unsigned ObservedWindow<Raw>::next_used(unsigned i, unsigned end) const {
  const std::uint64_t below = node_->first_used(), above = std::uint64_t{node_->last_used()} + 1;
  const std::uint64_t from = below > index_ + i ? below - index_ : i;
  const std::uint64_t to = above < index_ + end ? above - (above < index_ ? above : index_) : end;
  if (from >= to)
    return end;
  const unsigned found = reference::next_nonzero<Raw>(reinterpret_cast<const unsigned char*>(slots_),
                                                      static_cast<unsigned>(from), static_cast<unsigned>(to));
  return found < to ? found : end;
}

template <class Raw>
unsigned ObservedWindow<Raw>::next_anywhere(unsigned i, unsigned end) const {
  while (i < end && load(i) == 0)
    ++i;
  return i;
}

// As many accesses as loads of one slot after the other would be, the one that ends the series included.
template <class Raw>
unsigned ObservedWindow<Raw>::series(unsigned i, unsigned end, Raw word, Raw step) const {
  if (i >= end)
    return 0;
  if (!within(end - 1)) [[unlikely]]
    return count_series(Window<ObservedMemory, Raw>(*memory_, first_), i, end, word, step);
  const bool begins = slots_[i] == word;
  const unsigned count =
      begins ? reference::progression<Raw>(reinterpret_cast<const unsigned char*>(slots_ + i), end - i, step)
             : 0;
  seen_->tick(address(i), std::uint64_t{count} + (i + count < end ? 1 : 0));
  return count;
}

template std::uint64_t ObservedWindow<std::uint64_t>::load_anywhere(std::uint64_t) const;
template void ObservedWindow<std::uint64_t>::store_anywhere(std::uint64_t, std::uint64_t) const;
template std::uint64_t ObservedWindow<std::uint64_t>::exchange(std::uint64_t, std::uint64_t) const;
template unsigned ObservedWindow<std::uint64_t>::next_live(unsigned, unsigned) const;
template unsigned ObservedWindow<std::uint64_t>::series(unsigned, unsigned, std::uint64_t,
                                                        std::uint64_t) const;
template std::uint64_t ObservedMemory::load(PhysAddr) const;
template void ObservedMemory::store(PhysAddr, std::uint64_t);
template std::uint64_t ObservedMemory::exchange(PhysAddr, std::uint64_t);

template std::uint32_t ObservedWindow<std::uint32_t>::load_anywhere(std::uint64_t) const;
template void ObservedWindow<std::uint32_t>::store_anywhere(std::uint64_t, std::uint32_t) const;
template std::uint32_t ObservedWindow<std::uint32_t>::exchange(std::uint64_t, std::uint32_t) const;
template unsigned ObservedWindow<std::uint32_t>::next_live(unsigned, unsigned) const;
template unsigned ObservedWindow<std::uint32_t>::series(unsigned, unsigned, std::uint32_t,
                                                        std::uint32_t) const;
template std::uint32_t ObservedMemory::load(PhysAddr) const;
template void ObservedMemory::store(PhysAddr, std::uint32_t);
template std::uint32_t ObservedMemory::exchange(PhysAddr, std::uint32_t);

PhysAddr ObservedMemory::allocate(unsigned shift, Fill fill) {
  if (fail_in_ != never)
    --fail_in_;
  if (!pool_.available(shift, 1))
    throw Runaway{"an allocation from a dry pool, which was not reserved", 0};
  if (reserved_ == 0)
    seen_->complain("an allocation that was not reserved", 0);
  else
    --reserved_;
  // Free nodes are poisoned and full of junk, so the pool must not touch them and the contents are made here.
  const PhysAddr node = pool_.allocate(shift, Fill::any);
  std::byte* at = pool_.host<std::byte>(node);
  unpoison(at, bytes_of(shift));
  touched_bytes_ = std::max<std::size_t>(touched_bytes_, (node - pool_.base()) + bytes_of(shift));
  const auto held = held_by(node, shift);
  if (fill == Fill::zero)
    zero(at, held);
  else
    scribble(at, bytes_of(shift));
  std::ranges::fill(held, Held{});
  seen_->note_allocated(raw(node), shift,
                        fill == Fill::zero ? 0 : static_cast<unsigned>(bytes_of(shift) / word_bytes_));
  tell_of(MemoryEvent::Kind::allocate, node);
  return node;
}

void ObservedMemory::retire(PhysAddr node, unsigned shift, Contents contents) {
  if (!seen_->contains(raw(node)) || !seen_->node(raw(node)).live
      || seen_->node_address(raw(node)) != raw(node))
    return seen_->complain("a node is retired twice, or was never allocated", raw(node));
  if (contents == Contents::zero && seen_->node(raw(node)).nonzero != 0)
    seen_->complain("a node that is not zero is retired as zero", raw(node));
  seen_->note_retired(raw(node));
  tell_of(MemoryEvent::Kind::retire, node);
  if (waiting_count_ == waiting_.size())
    waiting_.resize(2 * waiting_.size());
  waiting_[waiting_count_++] = {node, shift};
}

void ObservedMemory::release(const Waiting& w) {
  tell_of(MemoryEvent::Kind::release, w.node);
  std::byte* at = pool_.host<std::byte>(w.node);
  if (is_over_)
    remember(w);
  else
    scribble(at, bytes_of(w.shift));
  poison(at, bytes_of(w.shift));
  pool_.release(w.node, w.shift, Contents::stale);
}

void ObservedMemory::remember(const Waiting& w) {
  const NodeState& state = seen_->node(raw(w.node));
  const std::size_t from = state.first_used() * word_bytes_, to = (state.last_used() + 1) * word_bytes_;
  std::size_t at = 0;
  for (Held& unit : held_by(w.node, w.shift)) {
    const std::size_t end = at + bytes_of(unit_shift_);
    const std::size_t first = std::clamp(from, at, end) - at, last = std::clamp(to, at, end) - at;
    unit = {static_cast<std::uint32_t>(first), static_cast<std::uint32_t>(last)};
    at = end;
  }
}

void ObservedMemory::zero(std::byte* at, std::span<const Held> held) const {
  static constexpr std::array<std::byte, line> zeros{};
  const std::size_t unit_bytes = bytes_of(unit_shift_);
  for (const Held& unit : held) {
    const std::size_t from = unit.from, to = std::min<std::size_t>(unit.to, unit_bytes);
    if (from < to)
      write_lines(at + from, zeros.data(), to - from, 0);
    at += unit_bytes;
  }
}

void ObservedMemory::repeat_junk(std::span<const std::byte> junk) {
  junk_.resize(4096);
  for (std::size_t i = 0; i < junk_.size(); ++i)
    junk_[i] = junk[i % junk.size()];
}

void ObservedMemory::scribble(std::byte* at, std::size_t bytes) const {
  for (std::size_t done = 0; done < bytes; done += junk_.size())
    write_lines(at + done, junk_.data(), std::min(junk_.size(), bytes - done), line);
}

} // namespace pagetwin::fuzz
