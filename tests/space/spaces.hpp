// Address spaces of any format over plain memory with an Mmu in front, for tests: operations in pages, and
// what a space holds as text. After every operation tables and mapping database are audited.
#pragma once

#include "src/space/linked_memory.hpp"
#include "src/space/mapping_audit.hpp"
#include "src/tlb/mmu.hpp"

#include <cstdlib>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <vector>

namespace pagetwin::test {

inline constexpr Rights r = Rights::read, rw = Rights::read | Rights::write,
                        rx = Rights::read | Rights::execute, w = Rights::write, x = Rights::execute;

// pages: of sigma0's memory.
struct Budget {
  std::uint64_t pages = 16;
  std::size_t nodes = 256, mappings = 2048, parts = 64;
  unsigned spaces = 4;   // that exist
  std::size_t names = 0; // of spaces that there may be, at least
};

template <Format F>
class Spaces {
  using G = Geometry<F>;
  using Bus = PlainMemory<HardwareFlags::on>;
  using TestMmu = Mmu<F, Bus, Words::ours>;
  struct ToMmu {
    TestMmu* mmu = nullptr;
    void invalidate(const Invalidation& i) { mmu->invalidate(i); }
    void sync() {}
  };

 public:
  using Memory = LinkedMemory<NotifyingMemory<Bus, ToMmu>>;
  using Tested = AddressSpaces<F, Memory>;
  static constexpr std::uint64_t page = bytes_of(F::page_shift);

  explicit Spaces(const Budget& budget = {})
      : nodes_(allocate(budget.nodes << unit_shift)), links_(budget.nodes << unit_shift),
        records_(budget.nodes), parts_(allocate(budget.parts << Db::parts_shift)),
        parts_records_(budget.parts), mappings_(budget.mappings + 1),
        tables_(std::max<std::size_t>(budget.spaces + 1, budget.names)),
        pool_({nodes_.get(), budget.nodes << unit_shift}, PhysAddr{bytes_of(std::min(30U, F::pa_bits - 1U))},
              unit_shift, records_),
        parts_pool_({parts_.get(), budget.parts << Db::parts_shift}, PhysAddr{0}, Db::parts_shift,
                    parts_records_),
        memory_(links_, to_mmu_, pool_), bus_(pool_),
        mmu_(bus_, Tlb<F>(std::span(lines_), 2), WalkCache<F>(std::span(pointers_), 1),
             {GateRule::always(), GateRule::always()}),
        spaces_(memory_, tables_, mappings_, parts_pool_) {
    to_mmu_.mmu = &mmu_;
    started = spaces_.start(budget.pages * page);
    for (unsigned space = 1; started == Status::ok && space < budget.spaces; ++space)
      started = spaces_.create(space);
  }
  ~Spaces() {
    audited_ = true;
    check();
    spaces_.stop();
    EXPECT_EQ(used(), (std::array<std::uint64_t, 3>{0, 0, 0})) << "table nodes, mapping nodes, arrays";
  }
  Spaces(const Spaces&) = delete;
  Spaces& operator=(const Spaces&) = delete;

  // `count` pages from a page of one space to a page of another; answers how many were set.
  std::uint64_t map(unsigned from, std::uint64_t at, unsigned to, std::uint64_t to_at,
                    std::uint64_t count = 1, Rights mask = all_rights) {
    return pages(map(request(from, at, to, to_at, count, mask)));
  }
  std::uint64_t grant(unsigned from, std::uint64_t at, unsigned to, std::uint64_t to_at,
                      std::uint64_t count = 1, Rights mask = all_rights) {
    return pages(grant(request(from, at, to, to_at, count, mask)));
  }
  // Letters of what was done to the pages since.
  std::string unmap(unsigned space, std::uint64_t at, std::uint64_t count = 1, Rights mask = all_rights) {
    return letters(spaces_.unmap(space, flexpage(at, count), mask));
  }
  std::string flush(unsigned space, std::uint64_t at, std::uint64_t count = 1, Rights mask = all_rights) {
    return letters(spaces_.flush(space, flexpage(at, count), mask));
  }
  Status place(unsigned space, std::uint64_t at, std::uint64_t count, std::uint64_t frame,
               Rights rights = all_rights) {
    return audited(spaces_.place(space, VirtAddr{at * page}, count * page, PhysAddr{frame * page}, rights));
  }
  Status merge(unsigned space, std::uint64_t at, std::uint64_t count) {
    return audited(spaces_.merge(space, VirtAddr{at * page}, count * page));
  }
  Transferred map(const TransferRequest& what) { return audited(spaces_.map(what)); }
  Transferred grant(const TransferRequest& what) { return audited(spaces_.grant(what)); }
  Status create(unsigned space) { return audited(spaces_.create(space)); }
  Status destroy(unsigned space) { return audited(spaces_.destroy(space)); }
  // As a user; false: it faults.
  bool access(unsigned space, std::uint64_t at, AccessKind kind) {
    const VirtAddr va{at * page};
    const auto done = mmu_.access(SpaceId{static_cast<std::uint16_t>(space + 1)},
                                  spaces_.units().table(space).root(), raw(va), kind, Privilege::user);
    if (done.fault == Fault::none)
      spaces_.note_access(space, va, kind);
    return done.fault == Fault::none;
  }

  // "2+1<0:5 rw-": page 2, one page, derived from page 5 of space 0; "=5": frame 5, of no parent; "@5": an
  // area. Behind the rights what was done to it.
  [[nodiscard]] std::string show(unsigned space) const {
    std::string text;
    Tested::for_halves([&](const Range& half) {
      (void)spaces_.units().any_of(space, half, [&](const FoundUnit& unit) {
        text += (text.empty() ? "" : ", ") + show(space, unit);
        return false;
      });
    });
    return text;
  }
  [[nodiscard]] static TransferRequest request(unsigned from, std::uint64_t at, unsigned to,
                                               std::uint64_t to_at, std::uint64_t count, Rights mask) {
    return {from, to, flexpage(at, count), 0, flexpage(to_at, count), mask};
  }
  [[nodiscard]] static Flexpage flexpage(std::uint64_t at, std::uint64_t count) {
    return {VirtAddr{at * page}, count * page};
  }
  [[nodiscard]] Tested& tested() { return spaces_; }
  [[nodiscard]] std::array<std::uint64_t, 3> used() const {
    return {pool_.used(), spaces_.units().db().nodes().used(), parts_pool_.used()};
  }
  // Of all of them, and of the tables' link words.
  [[nodiscard]] std::uint64_t bytes() const {
    return 2 * pool_.used_bytes() + used()[1] * sizeof(MappingNode) + parts_pool_.used_bytes();
  }
  // Audits cost what is mapped; not for tests that map much.
  void stop_auditing() { audited_ = false; }

  Status started = Status::ok;

 private:
  using Db = MappingDb<F>;
  static constexpr unsigned unit_shift = G::node_shift(0);
  static constexpr std::size_t alignment = std::size_t{1} << 17;
  struct Free {
    void operator()(std::byte* bytes) const { std::free(bytes); } // NOLINT
  };
  using Bytes = std::unique_ptr<std::byte, Free>;
  [[nodiscard]] static Bytes allocate(std::size_t bytes) {
    return Bytes(static_cast<std::byte*>(
        std::aligned_alloc(alignment, std::max(alignment, (bytes + alignment - 1) & ~(alignment - 1)))));
  }

  void check() {
    if (audited_) {
      EXPECT_EQ(audit(spaces_), "");
    }
  }
  template <class Answer>
  Answer audited(Answer answer) {
    check();
    return answer;
  }
  std::uint64_t pages(const Transferred& done) {
    EXPECT_EQ(done.status, Status::ok);
    return done.pages;
  }
  std::string letters(const Revoked& done) {
    EXPECT_EQ(done.status, Status::ok);
    check();
    return letters(done.usage);
  }
  [[nodiscard]] static std::string letters(Usage usage) {
    std::string text;
    for (unsigned i = 0; i < 3; ++i)
      if ((static_cast<unsigned>(usage) >> i & 1U) != 0)
        text += "awx"[i];
    return text;
  }
  [[nodiscard]] static std::string letters(Rights rights) {
    return {has(rights, r) ? 'r' : '-', has(rights, w) ? 'w' : '-', has(rights, x) ? 'x' : '-'};
  }
  [[nodiscard]] std::string show(unsigned space, const FoundUnit& unit) const {
    const auto leaf = spaces_.lookup(space, VirtAddr{unit.va});
    const std::string from = unit.is_area() ? "@" + std::to_string(unit.frame / page) : source(unit);
    const std::string usage = unit.is_area() ? "" : letters(spaces_.units().usage(unit.node));
    return std::to_string(unit.va / page) + "+" + std::to_string(unit.bytes() / page) + from + " "
           + letters(leaf->attributes().rights) + (usage.empty() ? "" : " " + usage);
  }
  [[nodiscard]] std::string source(const FoundUnit& unit) const {
    const auto& db = spaces_.units().db();
    const std::uint32_t up = db[unit.node].parent;
    if (up == 0)
      return "=" + std::to_string(unit.frame / page);
    const std::uint64_t at = spaces_.units().va(up) + (unit.frame & (db.bytes(db[up]) - 1));
    return "<" + std::to_string(db[up].space) + ":" + std::to_string(at / page);
  }

  Bytes nodes_;
  std::vector<std::byte> links_;
  std::vector<NodeRecord> records_;
  Bytes parts_;
  std::vector<NodeRecord> parts_records_;
  std::vector<MappingNode> mappings_;
  std::vector<AddressSpace<F, Memory>> tables_;
  std::array<TlbEntry, 16> lines_;
  std::array<WalkCacheEntry, 4> pointers_;
  NodePool pool_, parts_pool_;
  ToMmu to_mmu_;
  Memory memory_;
  Bus bus_;
  TestMmu mmu_;
  Tested spaces_;
  bool audited_ = true;
};

} // namespace pagetwin::test
