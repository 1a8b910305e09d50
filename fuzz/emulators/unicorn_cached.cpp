#include "fuzz/emulators/unicorn_cached.hpp"

#include "fuzz/emulators/tag_pages.hpp"
#include "fuzz/emulators/unicorn_engine.hpp"

#include <algorithm>
#include <cstring>
#include <vector>

namespace pagetwin::emulators {

namespace {

// Parts of the code, each followed by a word at which it ends and where none begins: libunicorn does not stop
// where it has already translated from. Loops go over cells from x0 on: four that access what a cell names
// and put into it what they found, up to what x1, x2, x3 and x4 say; two that invalidate what a cell names,
// up to x1; and an invalidation of everything. Rule: Arm ARM (DDI 0487), C5.5 (TLBI).
constexpr std::size_t access_words = 7, invalidate_words = 5, everything_words = 3, loops = 4;
struct Part {
  std::size_t first, end;
};
constexpr Part access_part{0, loops* access_words},
    leaves_part{access_part.end + 1, access_part.end + 1 + invalidate_words},
    tables_part{leaves_part.end + 1, leaves_part.end + 1 + invalidate_words},
    everything_part{tables_part.end + 1, tables_part.end + 1 + everything_words};

constexpr std::array<std::uint32_t, access_words> access_loop(std::uint32_t instruction, std::uint32_t end) {
  return {
      0x1400'0005U,              // b       cmp
      0xf940'0009U,              // ldr     x9, [x0]
      0xd280'000aU,              // mov     x10, #0
      instruction,               //
      0xf800'840aU,              // str     x10, [x0], #8
      0xeb00'001fU | end << 16U, // cmp     x0, x1 | x2 | x3 | x4
      0x54ff'ff63U,              // b.lo    ldr
  };
}
constexpr std::array<std::uint32_t, invalidate_words> invalidate_loop(std::uint32_t instruction) {
  return {
      0x1400'0003U, // b       cmp
      0xf840'8409U, // ldr     x9, [x0], #8
      instruction,  //
      0xeb01'001fU, // cmp     x0, x1
      0x54ff'ffa3U, // b.lo    ldr
  };
}

constexpr auto make_code() {
  std::array<std::uint32_t, everything_part.end + 1> code{};
  constexpr std::array<std::uint32_t, loops> instructions{
      0xf940'012aU, // ldr     x10, [x9]
      0xf900'013fU, // str     xzr, [x9]
      0xf840'092aU, // ldtr    x10, [x9]
      0xf800'093fU, // sttr    xzr, [x9]
  };
  for (std::uint32_t i = 0; i < loops; ++i)
    std::ranges::copy(access_loop(instructions[i], i + 1), code.begin() + access_words * i);
  constexpr std::uint32_t tlbi_vaale1is_x9 = 0xd508'83e9U, tlbi_vaae1is_x9 = 0xd508'8369U;
  std::ranges::copy(invalidate_loop(tlbi_vaale1is_x9), code.begin() + leaves_part.first);
  std::ranges::copy(invalidate_loop(tlbi_vaae1is_x9), code.begin() + tables_part.first);
  constexpr std::array<std::uint32_t, everything_words> all{0xd508'831fU,  // tlbi    vmalle1is
                                                            0xd503'3f9fU,  // dsb     sy
                                                            0xd503'3fdfU}; // isb
  std::ranges::copy(all, code.begin() + everything_part.first);
  return code;
}
constexpr auto code = make_code();

// Physical memory for tables and frames, up to where the harness is. What virtual addresses reach above it
// need only be there; nobody looks at it.
constexpr std::uint64_t memory_end = UnicornHarness::physical, va_end = std::uint64_t{1} << 48U;

// In the order of the instructions.
std::size_t group_of(const Probe& probe) {
  return (probe.kind == Kind::write ? 1U : 0U) + (probe.user ? 2U : 0U);
}

// Bit 55 selects the harness's own table, and only what lies in memory can be accessed.
bool can_ask(const Access& access) {
  const auto beyond = [](const std::optional<std::uint64_t>& frame) { return frame && *frame >= memory_end; };
  return access.probe.kind != Kind::execute && (access.probe.address >> 55U & 1U) == 0
         && access.probe.address < va_end && !beyond(access.before) && !beyond(access.after);
}

Answer read_cell(const Probe& probe, std::uint64_t found) {
  constexpr std::uint64_t faulted = 1;
  if (found == faulted)
    return {Outcome::fault, std::nullopt, std::nullopt};
  return TagPages::answer(probe, found);
}

void run(UnicornEngine& engine, const Part& part, const UnicornEngine::Ends& ends) {
  engine.run(part.first, part.end, ends);
}

class UnicornCached final : public CachedMmu {
 public:
  UnicornCached() : harness_(code), memory_(memory_end) {}
  [[nodiscard]] bool watches(std::string_view format) const override {
    return find_unicorn_regime(format) != nullptr;
  }

  void watch(std::string_view format, const Edit& edit, std::span<const Access> accesses,
             std::span<Sight> sights) override {
    sort(accesses);
    put_tags(accesses);
    std::ranges::fill(sights, Sight{not_judged, not_judged, not_judged});
    std::ranges::copy(edit.before, memory_.part(edit.base, edit.before.size()).begin());
    UnicornEngine& engine = fresh_engine();
    engine.use(*find_unicorn_regime(format), edit.root);
    run(engine, everything_part, {});
    access(engine, accesses, sights, &Sight::warm);
    std::ranges::copy(edit.after, memory_.part(edit.base, edit.after.size()).begin());
    access(engine, accesses, sights, &Sight::stale);
    invalidate(engine, edit.owed);
    access(engine, accesses, sights, &Sight::fresh);
    forget(edit);
  }

 private:
  UnicornEngine& fresh_engine() {
    if (engine_ == nullptr || engine_->is_worn_out()) {
      engine_.reset(); // two would hold twice the memory
      engine_ = std::make_unique<UnicornEngine>(harness_);
      engine_->map(0, memory_.begin(), memory_.size());
      constexpr std::uint64_t above = UnicornHarness::physical + UnicornHarness::bytes;
      engine_->map(above, memory_.begin(), va_end - above);
      engine_->survive_aborts();
    }
    return *engine_;
  }

  void sort(std::span<const Access> accesses) {
    order_.clear();
    for (std::size_t group = 0; group < ends_.size(); ++group) {
      for (std::size_t i = 0; i < accesses.size() && order_.size() < UnicornHarness::most_cells; ++i)
        if (can_ask(accesses[i]) && group_of(accesses[i].probe) == group)
          order_.push_back(i);
      ends_[group] = order_.size();
    }
  }
  void put_tags(std::span<const Access> accesses) {
    tagged_.clear();
    for (const std::uint64_t frame : frames_of(accesses))
      if (frame < memory_end) {
        tagged_.push_back(frame);
        put(frame, TagPages::tag_of(frame));
      }
  }
  void put(std::uint64_t at, std::uint64_t word) { std::memcpy(memory_.begin() + at, &word, sizeof word); }

  void access(UnicornEngine& engine, std::span<const Access> accesses, std::span<Sight> sights,
              Answer Sight::* answer) {
    for (std::size_t cell = 0; cell < order_.size(); ++cell)
      harness_.set_cell(cell, TagPages::aim(accesses[order_[cell]].probe));
    run(engine, access_part, ends_);
    for (std::size_t cell = 0; cell < order_.size(); ++cell)
      sights[order_[cell]].*answer = read_cell(accesses[order_[cell]].probe, harness_.cell(cell));
  }

  void invalidate(UnicornEngine& engine, std::span<const Owed> owed) {
    constexpr std::uint64_t operand = (std::uint64_t{1} << 44U) - 1;
    const auto pages = pages_of(owed, UnicornHarness::most_cells);
    if (!pages)
      return run(engine, everything_part, {});
    for (const bool tables : {false, true}) {
      std::size_t count = 0;
      for (const OwedPage& page : *pages)
        if (page.tables == tables)
          harness_.set_cell(count++, page.address >> 12U & operand);
      run(engine, tables ? tables_part : leaves_part, {count});
    }
  }

  // Memory is zero again where nothing lies.
  void forget(const Edit& edit) {
    for (const std::uint64_t frame : tagged_)
      put(frame, 0);
    std::ranges::fill(memory_.part(edit.base, edit.after.size()), std::byte{0});
  }

  UnicornHarness harness_;
  HostMemory memory_;
  std::unique_ptr<UnicornEngine> engine_;
  std::vector<std::size_t> order_; // which access is in which cell
  UnicornEngine::Ends ends_{};
  std::vector<std::uint64_t> tagged_;
};

} // namespace

std::unique_ptr<CachedMmu> make_unicorn_cached() { return std::make_unique<UnicornCached>(); }

} // namespace pagetwin::emulators
