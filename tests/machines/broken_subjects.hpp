// Tables of the tiny format with one bug each, named after what is wrong. Each bug is what exactly one oracle
// exists to see. They refuse to be wrong in any other way.
#pragma once

#include "reference/mmu/mmu.hpp"
#include "tests/table/decorated_subject.hpp"

#include <map>

namespace pagetwin::fuzz::broken {

// A frame is wrong in an answer, and nowhere else.
class WrongLookup final : public DecoratedSubject {
 public:
  using DecoratedSubject::DecoratedSubject;
  std::optional<Found> lookup(unsigned s, std::uint64_t va) override {
    auto found = inner().lookup(s, va);
    if (found)
      found->pa ^= 0x1000;
    return found;
  }
};

class WrongStatus final : public DecoratedSubject {
 public:
  using DecoratedSubject::DecoratedSubject;
  Status remap(unsigned s, std::uint64_t va, std::uint64_t pa) override {
    const Status status = inner().remap(s, va, pa);
    return status == Status::not_mapped ? Status::ok : status;
  }
};

class WrongAmount final : public DecoratedSubject {
 public:
  using DecoratedSubject::DecoratedSubject;
  Amount unmap(unsigned s, std::uint64_t va, std::uint64_t length) override {
    const Amount removed = inner().unmap(s, va, length);
    return {removed.status, removed.bytes + 0x1000};
  }
};

class ForgottenReport final : public DecoratedSubject {
 public:
  using DecoratedSubject::DecoratedSubject;
  Amount unmap_collect(unsigned s, std::uint64_t va, std::uint64_t length,
                       std::vector<LeafReport>& to) override {
    const Amount removed = inner().unmap_collect(s, va, length, to);
    if (!to.empty())
      to.pop_back();
    return removed;
  }
};

// What writes raw table memory behind the table's back.
class Scribbler : public DecoratedSubject {
 public:
  using DecoratedSubject::DecoratedSubject;

 protected:
  [[nodiscard]] reference::PhysicalMemory memory() {
    return {reinterpret_cast<unsigned char*>(arena().begin()), arena().base(), arena().size()};
  }
  // The slot of level 0 that a page was found in; 0: none.
  [[nodiscard]] std::uint64_t slot_of(unsigned s, std::uint64_t va) {
    return reference::tiny().walk(memory(), root(s), va, {}, {.pa_bits = 40}).leaf_address;
  }
  [[nodiscard]] std::uint64_t word_of(unsigned s, std::uint64_t va) {
    return memory().load(slot_of(s, va)).value_or(0);
  }
  void scribble(unsigned s, std::uint64_t va, std::uint64_t word) { memory().store(slot_of(s, va), word); }
};

// The bytes lead elsewhere, and the table's own answer hides it.
class WrongBytes final : public Scribbler {
 public:
  using Scribbler::Scribbler;
  Status map(unsigned s, std::uint64_t va, std::uint64_t pa, std::uint64_t size, Attributes a) override {
    const Status status = inner().map(s, va, pa, size, a);
    if (status == Status::ok)
      scribble(s, va, word_of(s, va) ^ std::uint64_t{1} << 40); // frame bit 20
    return status;
  }
  std::optional<Found> lookup(unsigned s, std::uint64_t va) override {
    auto found = inner().lookup(s, va);
    if (found)
      found->pa ^= std::uint64_t{1} << 20;
    return found;
  }
};

class ReservedBit final : public Scribbler {
 public:
  using Scribbler::Scribbler;
  Status map(unsigned s, std::uint64_t va, std::uint64_t pa, std::uint64_t size, Attributes a) override {
    const Status status = inner().map(s, va, pa, size, a);
    scribble(s, va, word_of(s, va) | std::uint64_t{1} << 21);
    return status;
  }
};

// A node is taken from the pool and leads nowhere.
class LeakedNode final : public DecoratedSubject {
 public:
  using DecoratedSubject::DecoratedSubject;
  Amount protect(unsigned s, std::uint64_t va, std::uint64_t length, Rights rights) override {
    (void)inner().create(max_spaces - 1);
    return inner().protect(s, va, length, rights);
  }
};

// The right word in the right place, and no invalidation.
class SilentEdit final : public Scribbler {
 public:
  using Scribbler::Scribbler;
  Amount protect(unsigned s, std::uint64_t va, std::uint64_t length, Rights rights) override {
    const std::uint64_t slot = slot_of(s, va), before = word_of(s, va),
                        after = before & ~std::uint64_t{8}; // W
    if (before == 0 || length != 0x1000)
      return inner().protect(s, va, length, rights);
    scribble(s, va, after);
    observation()->note_store(observation()->node(slot), slot, static_cast<unsigned>(slot % 32 / 8), before,
                              after);
    return {Status::ok, length};
  }
};

class LostDirty final : public DecoratedSubject {
 public:
  using DecoratedSubject::DecoratedSubject;
  Status harvest(unsigned s, std::uint64_t va, std::uint64_t length, Harvest what,
                 std::vector<LeafReport>& to) override {
    const Status status = inner().harvest(s, va, length, what, to);
    for (LeafReport& report : to)
      report.flags.dirty = false;
    return status;
  }
};

class NeedlessOutOfMemory final : public DecoratedSubject {
 public:
  using DecoratedSubject::DecoratedSubject;
  Status map(unsigned, std::uint64_t, std::uint64_t, std::uint64_t, Attributes) override {
    return Status::out_of_memory;
  }
};

// Gives up in the middle: the first page of the range stays mapped.
class HalfDone final : public DecoratedSubject {
 public:
  using DecoratedSubject::DecoratedSubject;
  Status map_range(unsigned s, std::uint64_t va, std::uint64_t pa, std::uint64_t length, Attributes a,
                   std::uint64_t max_size) override {
    const Status status = inner().map_range(s, va, pa, length, a, max_size);
    if (status == Status::overlap)
      (void)inner().map(s, va, pa, 0x1000, a);
    return status;
  }
};

class WrongIteration final : public DecoratedSubject {
 public:
  using DecoratedSubject::DecoratedSubject;
  Status for_each(unsigned s, std::uint64_t va, std::uint64_t length, std::vector<Stretch>& to) override {
    const Status status = inner().for_each(s, va, length, to);
    if (!to.empty())
      to.back().bytes += 0x1000;
    return status;
  }
};

// The first translation of an address is the one that it keeps.
class StaleCache final : public DecoratedSubject {
 public:
  using DecoratedSubject::DecoratedSubject;
  std::optional<Found> cached_lookup(unsigned s, std::uint64_t va) override {
    const auto found = inner().cached_lookup(s, va);
    return found ? std::optional(first_.try_emplace(va, *found).first->second) : std::nullopt;
  }

 private:
  std::map<std::uint64_t, Found> first_;
};

class WrongCounter final : public DecoratedSubject {
 public:
  using DecoratedSubject::DecoratedSubject;
  [[nodiscard]] NodeRecord record(std::uint64_t node) const override {
    NodeRecord r = DecoratedSubject::record(node);
    ++r.live;
    return r;
  }
};

class SuspiciousAudit final : public DecoratedSubject {
 public:
  using DecoratedSubject::DecoratedSubject;
  [[nodiscard]] std::string audit(unsigned) const override { return "a problem that nobody else sees"; }
};

// Reads the same slot for ever.
class EndlessLoop final : public DecoratedSubject {
 public:
  using DecoratedSubject::DecoratedSubject;
  Status promote(unsigned s, std::uint64_t, std::uint64_t) override {
    for (;;)
      observation()->tick(root(s));
  }
};

// Forgets nothing that it was told to forget.
class KeepsEverything final : public DecoratedSubject {
 public:
  using DecoratedSubject::DecoratedSubject;
  Amount unmap(unsigned, std::uint64_t, std::uint64_t length) override { return {Status::ok, length}; }
};

} // namespace pagetwin::fuzz::broken
