// The run-time subject: accesses through the TLB, contents that follow ownership, and random programs after
// each operation of which tables, records, TLB and the bytes of the tables are held against each other.
#include "fuzz/machines/stage2/stage2_subject_of.hpp"
#include "fuzz/oracles/structure.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <random>

namespace pagetwin::fuzz {
namespace {

class Nobody : public Watcher {
 public:
  void after_store(std::uint64_t) override {}
  void before_exchange(std::uint64_t) override {}
  void on_flush(const Invalidation&) override {}
};
// Numbers what machines are supplied with, and looks that nobody can reach a frame at that moment, but for
// the machine itself.
class World : public Stage2Environment {
 public:
  std::uint64_t supply(unsigned vm, std::uint64_t pfn) override {
    EXPECT_FALSE(is_reachable(pfn, vm)) << "frame " << pfn << " for machine " << vm;
    return std::uint64_t{vm} * 1'000'000 + ++supplied;
  }
  void scrubbed(std::uint64_t pfn) override {
    EXPECT_FALSE(is_reachable(pfn, PageRecord::nobody)) << pfn;
    ++scrubs;
  }
  std::uint64_t supplied = 0, scrubs = 0;
  Stage2Subject* subject = nullptr;

 private:
  [[nodiscard]] bool is_reachable(std::uint64_t pfn, unsigned but) {
    bool by_tlb = false;
    for (const Stage2Line& line : subject->lines())
      by_tlb = by_tlb || (line.space != but && pfn - line.pfn < line.pages);
    return by_tlb || subject->lookup(hostvisor, pfn).has_value();
  }
};

// The walker that was written from the format's manual.
template <class F>
[[nodiscard]] const reference::Mmu& walker() {
  if constexpr (std::is_same_v<F, Ept4>)
    return reference::ept_4();
  else if constexpr (std::is_same_v<F, RiscvSv39x4>)
    return reference::riscv_sv39x4();
  else
    return reference::aarch64_s2_4k();
}
// The bytes of the tables: what hardware would read, and whether nodes form trees.
class Bytes {
 public:
  Bytes(const reference::Mmu& mmu, Stage2Subject& subject)
      : subject_(&subject), structure_(mmu, EmptyNodes::kept),
        view_{&mmu,
              {reinterpret_cast<unsigned char*>(subject.arena().begin()), subject.arena().base(),
               subject.arena().size()},
              {.pa_bits = mmu.profile().pa_bits}} {}

  void forget() { roots_.clear(); }
  [[nodiscard]] Verdict check() {
    for (unsigned p = 0; p <= 3; ++p)
      introduce(subject_->root(p), p);
    introduce(subject_->device_root(0), corevisor + 1);
    return structure_.check(view_, subject_->observation(),
                            [this](std::uint64_t node) { return subject_->node_record(node).live; });
  }
  [[nodiscard]] std::optional<std::uint64_t> frame(unsigned principal, std::uint64_t gfn) const {
    const std::uint64_t root = subject_->root(principal);
    const auto t = root != 0 ? view_.translate(root, gfn << 12) : std::nullopt;
    return t ? std::optional(t->pa >> 12) : std::nullopt;
  }

 private:
  void introduce(std::uint64_t root, unsigned space) {
    if (root == 0 || std::ranges::find(roots_, root) != roots_.end())
      return;
    structure_.add_root(subject_->observation(), root, space);
    roots_.push_back(root);
  }

  Stage2Subject* subject_;
  Structure structure_;
  View view_;
  std::vector<std::uint64_t> roots_;
};

template <class F>
class Stage2SubjectTest : public testing::Test {
 protected:
  Stage2SubjectTest() {
    world.subject = subject.get();
    start(8);
  }
  void start(std::uint64_t table_pages) {
    bytes.forget();
    EXPECT_EQ(subject->start({{{0, 60}, {512, 600}}, 3, table_pages, 1}), S2Status::ok);
    for (unsigned vm = 1; vm <= 2; ++vm) {
      EXPECT_EQ(subject->register_vm(vm), S2Status::ok);
      EXPECT_EQ(subject->boot_vm(vm), S2Status::ok);
    }
    EXPECT_EQ(subject->alloc_smmu(1, 0), S2Status::ok);
    EXPECT_FALSE(bytes.check());
    subject->begin_operation();
  }
  [[nodiscard]] S2Status map(unsigned vm, std::uint64_t gfn, std::uint64_t pfn, unsigned level = 3) {
    return subject->prot_and_map_vm_s2pt(vm, gfn << 12, pfn << 12, level);
  }

  Nobody nobody;
  World world;
  std::unique_ptr<Stage2Subject> subject = make_stage2_subject<F>(nobody, world);
  Bytes bytes{walker<F>(), *subject};
};
using Formats = testing::Types<Aarch64S2_4k, Ept4, RiscvSv39x4>;
TYPED_TEST_SUITE(Stage2SubjectTest, Formats, );

TYPED_TEST(Stage2SubjectTest, ContentsFollowOwnershipAlsoThroughTheTlb) {
  auto& s = *this->subject;
  ASSERT_EQ(s.map_page_host(7 << 12), S2Status::ok);
  ASSERT_TRUE(s.write(hostvisor, 7, 99));
  EXPECT_EQ(s.read(hostvisor, 7), 99U);
  ASSERT_EQ(this->map(1, 40, 7), S2Status::ok);
  EXPECT_EQ(s.read(hostvisor, 7), std::nullopt);
  EXPECT_EQ(s.read(1, 40), 1'000'001U);
  EXPECT_EQ(s.read(2, 40), std::nullopt) << "another VMID";
  ASSERT_TRUE(s.write(1, 40, 5));
  ASSERT_EQ(s.grant_stage2_sg_gpa(1, 40 << 12, 4096), S2Status::ok);
  ASSERT_EQ(s.map_page_host(7 << 12), S2Status::ok);
  EXPECT_EQ(s.read(hostvisor, 7), 5U);
  ASSERT_EQ(s.revoke_stage2_sg_gpa(1, 40 << 12, 4096), S2Status::ok);
  EXPECT_FALSE(s.write(hostvisor, 7, 6));
  EXPECT_EQ(s.read(1, 40), 1'000'002U);
  ASSERT_EQ(s.power_off(1), S2Status::ok);
  EXPECT_EQ(s.read(1, 40), std::nullopt) << "it does not run";
  EXPECT_TRUE(s.lines().empty());
  ASSERT_EQ(s.clear_vm_range(1, 0, 60), S2Status::ok);
  EXPECT_EQ(this->world.scrubs, 1U);
  ASSERT_EQ(s.map_page_host(7 << 12), S2Status::ok);
  EXPECT_EQ(s.read(hostvisor, 7), 0U);
}

TYPED_TEST(Stage2SubjectTest, SaysWhatTheSpecificationSays) {
  auto& s = *this->subject;
  EXPECT_EQ(s.record(0), Stage2Record{});
  EXPECT_EQ(s.record(7), (Stage2Record{0, 0, 7 + smmu_host_offset}));
  ASSERT_EQ(s.map_page_host(7 << 12), S2Status::ok);
  ASSERT_EQ(s.assign_pfn_to_smmu(1, 40, 7), S2Status::ok);
  EXPECT_EQ(s.record(7), (Stage2Record{1, 0xFFFF'FFFF, 40}));
  EXPECT_TRUE(s.is_taken(7));
  ASSERT_EQ(s.update_smmu_page(1, 0, 40 << 12, 7 << 12), S2Status::ok);
  EXPECT_EQ(s.device_lookup(0, 40 << 12), (S2Entry{7, S2Level::page, false}));
  EXPECT_EQ(s.device_lookup(1, 40 << 12), std::nullopt);
  EXPECT_NE(s.device_root(0), 0U);
  EXPECT_EQ(s.root(3), 0U) << "not booted";
  EXPECT_EQ(s.device_used(0), TypeParam::levels - 1U);
  EXPECT_EQ(s.state(3), VmState::unused);
  EXPECT_EQ(s.lookup(3, 40), std::nullopt);
  EXPECT_EQ(s.lookup(1, s.gfn_limit()), std::nullopt);
}

TYPED_TEST(Stage2SubjectTest, ARefusedAllocationIsToldApartFromABound) {
  auto& s = *this->subject;
  s.fail_allocation(0);
  EXPECT_EQ(this->map(1, 40, 7), S2Status::out_of_memory);
  EXPECT_TRUE(s.refused());
  EXPECT_TRUE(s.observation().quiet());
  s.begin_operation();
  this->start(1);
  EXPECT_EQ(this->map(1, 40, 7), S2Status::out_of_memory);
  EXPECT_FALSE(s.refused());
}

TYPED_TEST(Stage2SubjectTest, StopGivesEveryNodeBackAndAProgramCanFollow) {
  auto& s = *this->subject;
  ASSERT_EQ(this->map(1, 512, 512, 2), S2Status::ok);
  s.stop();
  EXPECT_EQ(s.nodes_used(), 0U);
  this->start(8);
  EXPECT_EQ(s.lookup(1, 512), std::nullopt);
  EXPECT_EQ(s.record(512).owner, 0U);
}

// Random programs.

constexpr std::array<std::uint64_t, 4> gfn_bases{0, 510, 1022, 0x4'0000};

template <class Dice>
std::uint64_t some_pfn(Dice& dice) {
  constexpr std::array<std::uint64_t, 4> bases{0, 6, 512, 1020};
  return bases[dice() % 4] + dice() % 6;
}
template <class Dice>
std::uint64_t some_gfn(Dice& dice) {
  return gfn_bases[dice() % 4] + dice() % 6;
}
// Of the machine's one device: few frames under few numbers, or it would never have one.
template <class Dice>
void random_device_operation(Stage2Subject& s, Dice& dice) {
  const std::uint64_t gfn = dice() % 2, pfn = 6 + gfn;
  switch (dice() % 3) {
  case 0:
    return (void)s.assign_pfn_to_smmu(1, gfn, pfn);
  case 1:
    return (void)s.update_smmu_page(1, 0, gfn << 12, pfn << 12);
  default:
    return (void)s.unmap_smmu_page(0, gfn << 12);
  }
}
template <class Dice>
void random_operation(Stage2Subject& s, Dice& dice) {
  const auto vm = static_cast<unsigned>(1 + dice() % 3);
  const std::uint64_t pfn = some_pfn(dice), gfn = some_gfn(dice), bytes = dice() % 5 << 12;
  switch (dice() % 16) {
  case 0:
  case 1:
    return (void)s.map_page_host(pfn << 12);
  case 2:
  case 3:
  case 4:
    return (void)s.prot_and_map_vm_s2pt(vm, gfn << 12, pfn << 12, 3);
  case 5:
    return (void)s.prot_and_map_vm_s2pt(vm, gfn << 12, (dice() % 3 * 512 + dice() % 2) << 12, 2);
  case 6:
  case 7:
    return (void)s.grant_stage2_sg_gpa(vm, gfn << 12, bytes);
  case 8:
  case 9:
    return (void)s.revoke_stage2_sg_gpa(vm, gfn << 12, bytes);
  case 10:
    return (void)s.map_io(vm, gfn << 12, pfn << 12);
  case 11:
  case 12:
    return random_device_operation(s, dice);
  case 13:
    (void)s.register_vm(vm);
    return (void)s.boot_vm(vm);
  case 14:
    return (void)s.clear_vm_range(vm, pfn, dice() % 2 == 0 ? 3 : 1200);
  default:
    if (dice() % 3 == 0)
      (void)s.power_off(vm);
  }
}
// Invariants 2 to 4 of the specification, for the frames and guest frames that the programs use.
void look(Stage2Subject& s) {
  for (std::uint64_t pfn = 0; pfn < 1120; ++pfn) {
    const Stage2Record r = s.record(pfn);
    const bool shared = r.count != 0 && r.count <= max_share_count;
    if (const auto entry = s.lookup(hostvisor, pfn)) {
      ASSERT_EQ(entry->pfn, pfn);
      ASSERT_TRUE(r.owner == hostvisor || r.owner == ~0U || shared) << "the host maps " << pfn;
    }
    ASSERT_TRUE(r.owner != hostvisor || r.gfn == pfn + smmu_host_offset) << pfn;
  }
  for (unsigned vm = 1; vm <= 3; ++vm)
    for (const std::uint64_t base : gfn_bases)
      for (std::uint64_t gfn = base; gfn < base + 6 && s.state(vm) != VmState::power_off; ++gfn)
        if (const auto entry = s.lookup(vm, gfn)) {
          const std::uint32_t owner = s.record(entry->pfn).owner;
          ASSERT_TRUE(owner == vm || owner == ~0U) << "machine " << vm << " maps " << entry->pfn;
        }
}
// Hardware finds what the software walk does.
void look_at_bytes(Stage2Subject& s, Bytes& bytes) {
  const Verdict verdict = bytes.check();
  ASSERT_FALSE(verdict) << verdict->key;
  for (unsigned p = 0; p <= 3; ++p)
    for (const std::uint64_t base : gfn_bases)
      for (std::uint64_t gfn = base; gfn < base + 6; ++gfn) {
        const auto entry = s.lookup(p, gfn);
        ASSERT_EQ(bytes.frame(p, gfn), entry ? std::optional(entry->pfn) : std::nullopt);
      }
}
// No line says what its table does not.
void look_at_tlb(Stage2Subject& s) {
  for (const Stage2Line& line : s.lines()) {
    const auto entry = s.lookup(line.space, line.gfn);
    ASSERT_TRUE(entry && entry->pfn == line.pfn) << "a stale line of " << line.space << " at " << line.gfn;
  }
}

TYPED_TEST(Stage2SubjectTest, RandomProgramsKeepTheInvariants) {
  auto& s = *this->subject;
  std::mt19937 dice(11);
  for (unsigned program = 0; program < 30; ++program) {
    this->start(2 + dice() % 6);
    for (unsigned i = 0; i < 100 && !this->HasFatalFailure(); ++i) {
      s.begin_operation();
      random_operation(s, dice);
      ASSERT_EQ(s.problem(), "");
      look(s);
      look_at_bytes(s, this->bytes);
      look_at_tlb(s);
      (void)s.write(static_cast<unsigned>(dice() % 4), some_gfn(dice), dice());
    }
  }
  EXPECT_GT(this->world.supplied, 100U);
  EXPECT_GT(this->world.scrubs, 10U);
}

} // namespace
} // namespace pagetwin::fuzz
