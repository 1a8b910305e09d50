// A table that a test edits store by store, as no PageTable would, with the oracles of order listening. It
// refuses to know what is right.
#pragma once

#include "fuzz/oracles/structure.hpp"
#include "fuzz/oracles/transitions.hpp"
#include "src/arch/geometry.hpp"
#include "tests/table/kinds.hpp"

namespace pagetwin::fuzz {

// One space, number 0, of nodes of one unit.
template <class F>
class EditsByHand : private TablesNow {
 public:
  using Raw = typename F::Raw;
  using G = Geometry<F>;
  static constexpr unsigned unit = G::node_shift(0), root_level = F::levels - 1;
  static constexpr SpaceId tag{1};
  static constexpr std::uint64_t frames = 0x2'0000'0000;
  static constexpr Attributes rw{.rights = Rights::read | Rights::write};

  EditsByHand(const reference::Mmu& mmu, const BreakRules& rules)
      : view_{&mmu,
              {reinterpret_cast<unsigned char*>(arena_.begin()), arena_.base(), arena_.size()},
              {.pa_bits = mmu.profile().pa_bits}},
        transitions_(view_, rules, seen_, *this, [](SpaceId space) { return raw(space) - 1U; }) {
    const std::array<Raw, 1> junk{static_cast<Raw>(~Raw{0})};
    memory_.set_junk(std::span<const Raw>(junk));
    root_ = take();
    seen_.node(raw(root_)).level = root_level;
    Structure(mmu).add_root(seen_, raw(root_), 0);
    memory_.tell(&transitions_);
    begin_anything();
  }
  ~EditsByHand() override { memory_.leave(arena_); }
  EditsByHand(const EditsByHand&) = delete;
  EditsByHand& operator=(const EditsByHand&) = delete;

  // An operation begins, over `bytes` bytes; it is judged when it ends.
  void begin(std::uint64_t va, std::uint64_t bytes) {
    begin({.space = 0, .first = va, .last = va + (bytes - 1)});
  }
  void begin_anything() { begin({.space = 0}); }
  [[nodiscard]] std::string end() {
    const Verdict v = transitions_.end();
    return v ? v->signature() : "";
  }

  [[nodiscard]] PhysAddr take(Fill fill = Fill::zero) {
    EXPECT_TRUE(memory_.reserve(unit, 1));
    return memory_.allocate(unit, fill);
  }
  void retire(PhysAddr node) { memory_.retire(node, unit, Contents::stale); }
  void invalidate(std::uint64_t va, std::uint64_t bytes,
                  Invalidation::Reach reach = Invalidation::Reach::leaf, SpaceId space = tag) {
    memory_.invalidate({space, va, va + (bytes - 1), reach});
  }
  void sync() { memory_.sync(); }
  [[nodiscard]] Transitions& transitions() { return transitions_; }

  [[nodiscard]] PhysAddr root() const { return root_; }
  [[nodiscard]] static PhysAddr slot(PhysAddr node, std::uint64_t va, unsigned level) {
    return G::slot(node, G::index(va, level));
  }
  void put(PhysAddr node, std::uint64_t va, unsigned level, Raw word) {
    memory_.template store<Raw>(slot(node, va, level), word);
  }
  void put_table(PhysAddr node, std::uint64_t va, unsigned level, PhysAddr child) {
    put(node, va, level, F::to_table(child, level));
  }
  // A leaf of sizes[size], all its copies, over frames + va.
  [[nodiscard]] static Raw word(std::uint64_t va, unsigned size, const Attributes& a = rw, Flags flags = {},
                                std::uint64_t pa = frames) {
    const PageSize of = F::sizes[size];
    const auto copy = static_cast<unsigned>(va >> G::span_shift(of.level)) & (of.copies() - 1);
    return F::leaf(F::leaf_bits(a, flags, of), PhysAddr{pa + align_down(va, of.log2_bytes)}, of, copy);
  }
  void put_leaf(PhysAddr node, std::uint64_t va, unsigned size, const Attributes& a = rw) {
    const PageSize of = F::sizes[size];
    for (unsigned i = 0; i < of.copies(); ++i) {
      const std::uint64_t at = va + i * G::span(of.level);
      put(node, at, of.level, word(at, size, a));
    }
  }
  // The way to `level`, which did not exist before: the node there.
  [[nodiscard]] PhysAddr reach(std::uint64_t va, unsigned level) {
    PhysAddr node = root_;
    for (unsigned l = root_level; l > level; --l) {
      const PhysAddr child = take();
      put_table(node, va, l, child);
      node = child;
    }
    return node;
  }

 private:
  void begin(const Request& request) {
    old_.assign(view_.memory.base, view_.memory.base + view_.memory.size);
    transitions_.begin(request);
  }
  [[nodiscard]] std::uint64_t root_now(unsigned space) const override { return space == 0 ? raw(root_) : 0; }
  [[nodiscard]] std::optional<reference::Translation> before(unsigned, std::uint64_t va) const override {
    View old = view_;
    old.memory.base = const_cast<unsigned char*>(old_.data()); // NOLINT: a walk changes nothing
    return old.translate(raw(root_), va);
  }

  static constexpr std::size_t units = 128;
  Arena arena_{0x1'0000'0000, units << unit};
  std::vector<NodeRecord> records_ = std::vector<NodeRecord>(units);
  Observation seen_{arena_.base(), unit, units};
  SilentWatcher watcher_;
  ObservedMemory memory_{arena_, units, unit, records_, seen_, watcher_};
  View view_;
  Transitions transitions_;
  PhysAddr root_{};
  std::vector<unsigned char> old_;
};

} // namespace pagetwin::fuzz
