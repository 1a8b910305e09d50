#include "fuzz/oracles/observed_memory.hpp"

#include "reference/mmu/memory.hpp"

#include <algorithm>

namespace pagetwin::fuzz {

template <class Raw>
Raw ObservedMemory::load(PhysAddr pa) const {
  check(raw(pa));
  return *pool_.host<Raw>(pa);
}

template <class Raw>
void ObservedMemory::store(PhysAddr pa, Raw word) {
  check(raw(pa));
  write(pa, word);
}

template <class Raw>
Raw ObservedMemory::exchange(PhysAddr pa, Raw word) {
  check(raw(pa));
  watcher_->before_exchange(raw(pa));
  const Raw old = *pool_.host<Raw>(pa);
  write(pa, word);
  return old;
}

template <class Raw>
void ObservedMemory::write(PhysAddr pa, Raw word) {
  NodeState& node = seen_->node(raw(pa));
  if (!node.live)
    return; // complained about; the node belongs to somebody else by now
  Raw* slot = pool_.host<Raw>(pa);
  const Raw before = *slot;
  *slot = word;
  seen_->note_store(node, raw(pa), static_cast<unsigned>((raw(pa) - node.address) / sizeof(Raw)), before,
                    word);
  if (node.linked && watched_stores_ < watched_stores) {
    ++watched_stores_;
    watcher_->after_store(raw(pa));
  }
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
  seen_->tick(raw(at(i)));
  if (i < end && within(end - 1))
    return reference::next_nonzero<Raw>(reinterpret_cast<const unsigned char*>(slots_), i, end);
  while (i < end && load(i) == 0)
    ++i;
  return i;
}

template std::uint64_t ObservedWindow<std::uint64_t>::load_anywhere(std::uint64_t) const;
template void ObservedWindow<std::uint64_t>::store_anywhere(std::uint64_t, std::uint64_t) const;
template std::uint64_t ObservedWindow<std::uint64_t>::exchange(std::uint64_t, std::uint64_t) const;
template unsigned ObservedWindow<std::uint64_t>::next_live(unsigned, unsigned) const;
template std::uint64_t ObservedMemory::load(PhysAddr) const;
template void ObservedMemory::store(PhysAddr, std::uint64_t);
template std::uint64_t ObservedMemory::exchange(PhysAddr, std::uint64_t);

template std::uint32_t ObservedWindow<std::uint32_t>::load_anywhere(std::uint64_t) const;
template void ObservedWindow<std::uint32_t>::store_anywhere(std::uint64_t, std::uint32_t) const;
template std::uint32_t ObservedWindow<std::uint32_t>::exchange(std::uint64_t, std::uint32_t) const;
template unsigned ObservedWindow<std::uint32_t>::next_live(unsigned, unsigned) const;
template std::uint32_t ObservedMemory::load(PhysAddr) const;
template void ObservedMemory::store(PhysAddr, std::uint32_t);
template std::uint32_t ObservedMemory::exchange(PhysAddr, std::uint32_t);

void ObservedMemory::outside(std::uint64_t slot) { throw Runaway{"an access outside the arena", slot}; }

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
  if (fill == Fill::zero)
    std::memset(at, 0, bytes_of(shift));
  else
    scribble(at, bytes_of(shift));
  seen_->note_allocated(raw(node), shift,
                        fill == Fill::zero ? 0 : static_cast<unsigned>(bytes_of(shift) / word_bytes_));
  return node;
}

void ObservedMemory::retire(PhysAddr node, unsigned shift, Contents contents) {
  if (!seen_->contains(raw(node)) || !seen_->node(raw(node)).live
      || seen_->node_address(raw(node)) != raw(node))
    return seen_->complain("a node is retired twice, or was never allocated", raw(node));
  if (contents == Contents::zero && seen_->node(raw(node)).nonzero != 0)
    seen_->complain("a node that is not zero is retired as zero", raw(node));
  seen_->note_retired(raw(node));
  if (waiting_count_ == waiting_.size())
    waiting_.resize(2 * waiting_.size());
  waiting_[waiting_count_++] = {node, shift};
}

void ObservedMemory::release(const Waiting& w) {
  std::byte* at = pool_.host<std::byte>(w.node);
  scribble(at, bytes_of(w.shift));
  poison(at, bytes_of(w.shift));
  pool_.release(w.node, w.shift, Contents::stale);
}

void ObservedMemory::repeat_junk(std::span<const std::byte> junk) {
  junk_.resize(4096);
  for (std::size_t i = 0; i < junk_.size(); ++i)
    junk_[i] = junk[i % junk.size()];
}

void ObservedMemory::scribble(std::byte* at, std::size_t bytes) const {
  for (std::size_t done = 0; done < bytes; done += junk_.size())
    std::memcpy(at + done, junk_.data(), std::min(junk_.size(), bytes - done));
}

} // namespace pagetwin::fuzz
