// MemoryOps over plain memory, with everything written down that it tells its memory and its platform, and
// with a picture of all that it may change, so that a test can say "nothing did". Typed by the format.
#pragma once

#include "src/stage2/memory_ops.hpp"
#include "src/table/audit.hpp"
#include "src/tlb/invalidation.hpp"

#include <gtest/gtest.h>
#include <map>
#include <memory>
#include <vector>

namespace pagetwin {

// What happened, in order. a: space or machine; b: first frame number; c: last one, of an invalidation.
struct S2Event {
  enum class Kind : std::uint8_t { invalidate, sync, scrub, adopt };
  Kind kind;
  unsigned a = 0;
  std::uint64_t b = 0, c = 0;

  friend bool operator==(const S2Event&, const S2Event&) = default;
};

// Listener of the memory and platform of the operations. A frame holds the number of its last owner's log.
class S2Log {
 public:
  void invalidate(const Invalidation& i) {
    events.push_back({S2Event::Kind::invalidate, raw(i.space), i.first >> 12, i.last >> 12});
  }
  void sync() { events.push_back({S2Event::Kind::sync}); }
  void scrub(std::uint64_t pfn) {
    events.push_back({S2Event::Kind::scrub, 0, pfn});
    contents.erase(pfn);
  }
  void adopt(unsigned vm, std::uint64_t pfn) {
    events.push_back({S2Event::Kind::adopt, vm, pfn});
    contents[pfn] = std::uint64_t{vm} * 1000 + ++supplied;
  }

  std::vector<S2Event> events;
  std::map<std::uint64_t, std::uint64_t> contents;
  std::uint64_t supplied = 0;
};

template <Format F>
class Stage2Bench {
 public:
  using Memory = NotifyingMemory<PlainMemory<HardwareFlags::on>, S2Log>;
  using Ops = MemoryOps<F, Memory, S2Log>;
  using Table = typename Ops::Table;
  static constexpr std::uint64_t memory_end = 2048;          // frames from here on are no memory
  static constexpr std::uint64_t hole = 100;                 // nor is this
  static constexpr std::uint64_t block = 1024;               // an aligned block of memory
  static constexpr std::uint64_t kernel_bits = 0xFFF;        // of a pte that is looked at for its frame only
  static constexpr std::uint64_t gfn_end = Table::gfn_limit; // no guest frame number

  explicit Stage2Bench(std::uint64_t table_pages = 64) { EXPECT_EQ(ops.start(table_pages), S2Status::ok); }

  // The machine is registered and booted.
  void boot(unsigned vm) {
    ASSERT_EQ(ops.register_vm(vm), S2Status::ok);
    ASSERT_EQ(ops.boot_vm(vm), S2Status::ok);
  }
  [[nodiscard]] S2Status map(unsigned vm, std::uint64_t gfn, std::uint64_t pfn, unsigned level = 3) {
    return ops.prot_and_map_vm_s2pt(vm, gfn << 12, pfn << 12 | kernel_bits, level);
  }
  [[nodiscard]] S2Status map_host(std::uint64_t pfn) { return ops.map_page_host(pfn << 12); }
  [[nodiscard]] S2Status grant(unsigned vm, std::uint64_t gfn, std::uint64_t pages = 1) {
    return ops.grant_stage2_sg_gpa(vm, gfn << 12, pages << 12);
  }
  [[nodiscard]] S2Status revoke(unsigned vm, std::uint64_t gfn, std::uint64_t pages = 1) {
    return ops.revoke_stage2_sg_gpa(vm, gfn << 12, pages << 12);
  }
  [[nodiscard]] Table& table(unsigned principal) { return ops.principals().table(principal); }
  [[nodiscard]] std::optional<S2Entry> at(unsigned principal, std::uint64_t gfn) {
    return table(principal).lookup(gfn);
  }
  [[nodiscard]] bool maps(unsigned principal, std::uint64_t gfn) { return at(principal, gfn).has_value(); }
  [[nodiscard]] PageRecord record(std::uint64_t pfn) const { return ops.record(pfn); }

  // All that an operation may change, and what it tells others.
  struct Picture {
    std::vector<std::byte> tables;
    std::vector<PageRecord> records;
    std::map<std::uint64_t, std::uint64_t> contents;
    std::vector<S2Event> events;
    std::vector<VmState> states;
    std::uint64_t used = 0;

    friend bool operator==(const Picture&, const Picture&) = default;
  };
  [[nodiscard]] Picture picture() const {
    Picture p{{arena->bytes, arena->bytes + sizeof(arena->bytes)},
              records,
              log.contents,
              log.events,
              {},
              memory.pool().used()};
    for (unsigned vm = 1; vm < principals.size(); ++vm)
      p.states.push_back(principals[vm].state);
    return p;
  }
  // Every table is well formed.
  [[nodiscard]] bool is_whole() {
    bool whole = true;
    for (unsigned p = 0; p < principals.size(); ++p)
      whole = whole && (!ops.principals().has_table(p) || audit(table(p).table()).ok());
    return whole;
  }

  static constexpr std::size_t units = 256;
  struct alignas(1 << 16) Arena {
    std::byte bytes[units << 12];
  };
  std::vector<MemoryRegion> regions{{0, hole}, {hole + 1, memory_end - hole - 1}};
  std::vector<PageRecord> records = std::vector<PageRecord>(memory_end - 1);
  std::vector<NodeRecord> node_records = std::vector<NodeRecord>(units);
  std::unique_ptr<Arena> arena = std::make_unique<Arena>();
  NodePool pool{arena->bytes, PhysAddr{std::uint64_t{1} << 32}, 12, node_records};
  S2Log log;
  Memory memory{log, pool};
  std::array<Principal<F, Memory>, 4> principals;
  std::array<SmmuDevice<F, Memory>, 3> devices;
  Ops ops{memory, log, Ownership(regions, records), principals, devices};
};

// The call is refused with this status and changes nothing.
template <class Bench, class Call>
[[nodiscard]] testing::AssertionResult refuses(Bench& bench, S2Status expected, Call call) {
  const auto before = bench.picture();
  const S2Status status = call();
  if (status != expected)
    return testing::AssertionFailure() << to_text(status) << " and not " << to_text(expected);
  if (bench.picture() != before)
    return testing::AssertionFailure() << "something changed";
  return testing::AssertionSuccess();
}

} // namespace pagetwin
