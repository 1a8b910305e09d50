// MultiLevelTable over formats that differ: what its operations answer, what hardware sees of it meanwhile,
// and that the table below is always whole. That it is level P, step by step, is the machine's business
// (fuzz/machines/l4_page_table).
#include "fuzz/oracles/tiny_32_format.hpp"
#include "fuzz/oracles/tiny_format.hpp"
#include "src/arch/all.hpp"
#include "src/space/multi_level_table.hpp"
#include "src/table/audit.hpp"

#include <gtest/gtest.h>
#include <memory>
#include <vector>

namespace pagetwin {
namespace {

constexpr Rights r = Rights::read, w = Rights::write, x = Rights::execute;

template <Format F, class Words = PteWords<F>>
class Bench {
  using G = Geometry<F>;

 public:
  using Memory = LinkedMemory<PlainMemory<>>;
  using Table = MultiLevelTable<F, Memory, Words>;

  explicit Bench(std::size_t units = 64) : records_(units) {}

  [[nodiscard]] static constexpr std::uint64_t bytes(unsigned size) { return F::sizes[size].bytes(); }
  static constexpr unsigned largest = G::size_count - 1;

  [[nodiscard]] Pte insert(std::uint64_t va, unsigned size) {
    const Inserted done = table.insert(VirtAddr{va}, bytes(size));
    EXPECT_EQ(done.status, Status::ok);
    EXPECT_TRUE(done.pte);
    return done.pte.value_or(Pte{});
  }
  // Fields of a PTE that hardware may see.
  [[nodiscard]] Pte show(std::uint64_t va, unsigned size) {
    const Pte pte = insert(va, size);
    EXPECT_EQ(table.set_fields(pte, {PhysAddr{4 * bytes(size)}, r | w, true}), Status::ok);
    return pte;
  }
  [[nodiscard]] std::optional<Translation<F>> seen(std::uint64_t va) const {
    return table.table().lookup(VirtAddr{va});
  }
  // That of the first descriptor.
  [[nodiscard]] std::uint64_t link_word(const Pte& pte) const {
    return memory_.template link<typename F::Raw>(pte.name);
  }
  [[nodiscard]] std::string_view problem() const { return audit(table.table()).problem; }
  [[nodiscard]] std::uint64_t used() const { return pool_.used(); }

 private:
  static constexpr unsigned shift = G::node_shift(0);
  struct alignas(1 << 16) Arena {
    std::byte bytes[64 << shift];
  };
  std::unique_ptr<Arena> arena_ = std::make_unique<Arena>();
  std::vector<NodeRecord> records_;
  NodePool pool_{arena_->bytes, PhysAddr{bytes_of(F::pa_bits > 32 ? 32 : F::pa_bits - 1)}, shift, records_};
  std::vector<std::byte> links_ = std::vector<std::byte>(sizeof(Arena));
  Memory memory_{links_, pool_};

 public:
  Table table = *Table::create(memory_, SpaceId{1});
};

template <class F>
class MultiLevelTableOf : public testing::Test {
 protected:
  void TearDown() override {
    EXPECT_EQ(bench.problem(), "");
    table().destroy();
    EXPECT_EQ(bench.used(), 0U);
  }
  [[nodiscard]] typename Bench<F>::Table& table() { return bench.table; }

  Bench<F> bench;
};
using Formats = testing::Types<X86_64_4, Aarch64S1_4k, RiscvSv39, Armv7, Tiny, TinyWide, Tiny32>;
TYPED_TEST_SUITE(MultiLevelTableOf, Formats);

TYPED_TEST(MultiLevelTableOf, InsertsPagesWithoutRightsThatHardwareDoesNotSee) {
  using B = Bench<TypeParam>;
  for (unsigned size = 0; size <= B::largest; ++size) {
    const std::uint64_t va = size % 2 * B::bytes(B::largest);
    const Pte pte = this->bench.insert(va + 5, size);
    EXPECT_EQ(pte.va, va);
    EXPECT_EQ(pte.size, size);
    EXPECT_EQ(this->table().lookup(VirtAddr{va + B::bytes(size) - 1}), pte);
    EXPECT_EQ(this->table().fields(pte), PteFields{});
    EXPECT_FALSE(this->bench.seen(va));
    EXPECT_EQ(this->bench.problem(), "");
    EXPECT_EQ(this->table().remove(VirtAddr{va}, B::bytes(size)), Status::ok);
  }
}

TYPED_TEST(MultiLevelTableOf, FindsNothingBesideAPage) {
  const std::uint64_t page = Bench<TypeParam>::bytes(0);
  (void)this->bench.insert(2 * page, 0);
  EXPECT_FALSE(this->table().lookup(VirtAddr{page}));
  EXPECT_FALSE(this->table().lookup(VirtAddr{3 * page}));
  EXPECT_FALSE(this->table().lookup(VirtAddr{bytes_of(TypeParam::va_bits) + 2 * page})) << "no address";
}

TYPED_TEST(MultiLevelTableOf, AnswersWithThePageThatIsThereWhenItIsLargeEnough) {
  using B = Bench<TypeParam>;
  for (unsigned there = 0; there <= B::largest; ++there) {
    const Pte pte = this->bench.insert(0, there);
    for (unsigned wanted = 0; wanted <= there; ++wanted)
      EXPECT_EQ(this->bench.insert(B::bytes(there) - 1, wanted), pte);
    EXPECT_EQ(this->table().remove(VirtAddr{0}, B::bytes(there)), Status::ok);
  }
}

TYPED_TEST(MultiLevelTableOf, AnswersWithNothingWhenThePageSetHoldsSmallerPages) {
  using B = Bench<TypeParam>;
  for (unsigned wanted = 1; wanted <= B::largest; ++wanted) {
    const std::uint64_t first = B::bytes(B::largest), last = first + B::bytes(wanted) - 1;
    for (const std::uint64_t there : {first, last}) {
      (void)this->bench.insert(there, wanted - 1);
      const std::uint64_t used = this->bench.used();
      for (const std::uint64_t asked : {first, last}) {
        const Inserted done = this->table().insert(VirtAddr{asked}, B::bytes(wanted));
        EXPECT_EQ(done.status, Status::ok);
        EXPECT_FALSE(done.pte);
      }
      EXPECT_EQ(this->bench.used(), used);
      EXPECT_EQ(this->table().remove(VirtAddr{there}, B::bytes(wanted - 1)), Status::ok);
    }
  }
}

TYPED_TEST(MultiLevelTableOf, ShowsHardwareAPageAsSoonAsItCanBeSaidAndHidesItAgain) {
  using B = Bench<TypeParam>;
  for (unsigned size = 0; size <= B::largest; ++size) {
    const std::uint64_t frame = 4 * B::bytes(size);
    const Pte pte = this->bench.show(0, size);
    ASSERT_TRUE(this->bench.seen(7));
    EXPECT_EQ(raw(this->bench.seen(7)->pa()), frame + 7);
    EXPECT_EQ(this->bench.seen(0)->attributes().rights & (r | w | x), r | w);
    EXPECT_EQ(this->bench.problem(), "");
    EXPECT_EQ(this->table().set_right(pte, r | w, false), Status::ok);
    EXPECT_FALSE(this->bench.seen(0));
    EXPECT_EQ(this->table().fields(pte), (PteFields{PhysAddr{frame}, Rights::none, true}));
    EXPECT_EQ(this->bench.problem(), "");
    EXPECT_EQ(this->table().remove(VirtAddr{0}, B::bytes(size)), Status::ok);
  }
}

TYPED_TEST(MultiLevelTableOf, KeepsRightsThatTheFormatCannotSay) {
  const Pte pte = this->bench.insert(0, 0);
  for (unsigned rights = 0; rights < 8; ++rights) {
    const PteFields fields{PhysAddr{0}, static_cast<Rights>(rights), false};
    EXPECT_EQ(this->table().set_fields(pte, fields), Status::ok);
    EXPECT_EQ(this->table().fields(pte), fields);
    EXPECT_EQ(this->bench.seen(0).has_value(), PteWords<TypeParam>::shows(fields));
  }
}

TYPED_TEST(MultiLevelTableOf, ChangesOneFieldAtATime) {
  using B = Bench<TypeParam>;
  const Pte pte = this->bench.show(0, B::largest);
  EXPECT_EQ(this->table().set_paddr(pte, PhysAddr{B::bytes(B::largest)}), Status::ok);
  EXPECT_EQ(this->table().set_cached(pte, false), Status::ok);
  EXPECT_EQ(this->table().set_right(pte, x, true), Status::ok);
  EXPECT_EQ(this->table().set_right(pte, w, false), Status::ok);
  EXPECT_EQ(this->table().fields(pte), (PteFields{PhysAddr{B::bytes(B::largest)}, r | x, false}));
}

TYPED_TEST(MultiLevelTableOf, KeepsTheLinkWordBesideTheFirstDescriptor) {
  using B = Bench<TypeParam>;
  for (unsigned size = 0; size <= B::largest; ++size) {
    const VirtAddr va{B::bytes(size)};
    const Pte pte = this->bench.show(raw(va), size);
    EXPECT_EQ(this->table().set_link_node(pte, 77, va), Status::ok);
    EXPECT_EQ(this->table().map_node(pte, va), 77U);
    EXPECT_EQ(this->bench.link_word(pte), raw(va) ^ 77U);
    EXPECT_NE(this->table().map_node(pte, va + 1), 77U) << "who reads it says the address";
    EXPECT_EQ(this->table().set_right(pte, r | w, false), Status::ok);
    EXPECT_EQ(this->table().map_node(pte, va), 77U) << "of a page that hides, too";
    EXPECT_EQ(this->table().remove(va, B::bytes(size)), Status::ok);
  }
}

TYPED_TEST(MultiLevelTableOf, GivesNodesBackThatHaveNoPageLeft) {
  using B = Bench<TypeParam>;
  for (unsigned size = 0; size <= B::largest; ++size) {
    for (const bool shown : {false, true}) {
      const Pte pte = shown ? this->bench.show(0, size) : this->bench.insert(0, size);
      EXPECT_EQ(this->table().set_link_node(pte, 5, VirtAddr{0}), Status::ok);
      EXPECT_EQ(this->table().remove(VirtAddr{B::bytes(size) - 1}, B::bytes(size)), Status::ok);
      EXPECT_EQ(this->bench.used(), 1U);
      EXPECT_FALSE(this->table().lookup(VirtAddr{0}));
      EXPECT_FALSE(this->bench.seen(0));
      EXPECT_EQ(this->table().map_node(this->bench.insert(0, size), VirtAddr{0}), 0U) << "a new page";
      EXPECT_EQ(this->table().remove(VirtAddr{0}, B::bytes(size)), Status::ok);
    }
  }
}

TYPED_TEST(MultiLevelTableOf, SplitsIntoPagesOfTheNextSmallerSizeWithTheSameFieldsAndLinks) {
  using B = Bench<TypeParam>;
  for (const bool shown : {false, true})
    for (unsigned size = 1; size <= B::largest; ++size) {
      const std::uint64_t part = B::bytes(size - 1);
      const Pte whole = shown ? this->bench.show(0, size) : this->bench.insert(0, size);
      const PteFields fields{PhysAddr{2 * B::bytes(size)}, shown ? r | x : Rights::none, true};
      EXPECT_EQ(this->table().set_fields(whole, fields), Status::ok);
      EXPECT_EQ(this->table().set_link_node(whole, 99, VirtAddr{0}), Status::ok);
      EXPECT_EQ(this->table().split(VirtAddr{part}, B::bytes(size)), Status::ok);
      EXPECT_EQ(this->bench.problem(), "");
      for (std::uint64_t va = 0; va < B::bytes(size); va += part) {
        const auto pte = this->table().lookup(VirtAddr{va});
        ASSERT_TRUE(pte);
        EXPECT_EQ(pte->va, va);
        EXPECT_EQ(this->table().fields(*pte), (PteFields{fields.frame + va, fields.rights, fields.cached}));
        EXPECT_EQ(this->table().map_node(*pte, VirtAddr{0}), 99U) << "the address that was stored";
        EXPECT_EQ(this->table().remove(VirtAddr{va}, part), Status::ok);
      }
      EXPECT_EQ(this->bench.used(), 1U);
    }
}

TYPED_TEST(MultiLevelTableOf, RefusesWhatIsNoPageOfItsOwn) {
  using B = Bench<TypeParam>;
  const std::uint64_t page = B::bytes(0), beyond = bytes_of(TypeParam::va_bits);
  EXPECT_EQ(this->table().insert(VirtAddr{0}, 0).status, Status::empty);
  EXPECT_EQ(this->table().insert(VirtAddr{0}, 3 * page).status, Status::bad_size);
  EXPECT_EQ(this->table().insert(VirtAddr{beyond}, page).status, Status::out_of_range);
  EXPECT_EQ(this->table().remove(VirtAddr{0}, page), Status::not_mapped);
  EXPECT_EQ(this->table().remove(VirtAddr{0}, 0), Status::empty);
  EXPECT_EQ(this->table().split(VirtAddr{beyond}, page), Status::out_of_range);
  (void)this->bench.insert(0, 1);
  EXPECT_EQ(this->table().remove(VirtAddr{0}, page), Status::not_uniform);
  EXPECT_EQ(this->table().split(VirtAddr{0}, page), Status::not_uniform);
  EXPECT_EQ(this->table().split(VirtAddr{B::bytes(1)}, page), Status::not_mapped);
  (void)this->bench.insert(B::bytes(1), 0);
  EXPECT_EQ(this->table().split(VirtAddr{B::bytes(1)}, page), Status::bad_size);
}

TYPED_TEST(MultiLevelTableOf, RefusesFramesThatNoPageOfThisSizeHas) {
  using B = Bench<TypeParam>;
  const Pte pte = this->bench.show(0, 1);
  EXPECT_EQ(this->table().set_paddr(pte, PhysAddr{B::bytes(0)}), Status::misaligned);
  EXPECT_EQ(this->table().set_paddr(pte, PhysAddr{bytes_of(TypeParam::pa_bits)}), Status::out_of_range);
  EXPECT_EQ(raw(this->table().fields(pte)->frame), 4 * B::bytes(1));
}

TYPED_TEST(MultiLevelTableOf, RefusesNamesThatAreStaleOrNobodys) {
  using B = Bench<TypeParam>;
  const Pte gone = this->bench.show(0, 0);
  EXPECT_EQ(this->table().remove(VirtAddr{0}, B::bytes(0)), Status::ok);
  const Pte pte = this->bench.insert(B::bytes(1), 1);
  const Pte other{pte.name, pte.va, 0}, elsewhere{pte.name + sizeof(typename TypeParam::Raw), pte.va, 1};
  for (const Pte& wrong : {gone, other, elsewhere}) {
    EXPECT_FALSE(this->table().fields(wrong));
    EXPECT_FALSE(this->table().map_node(wrong, VirtAddr{0}));
    EXPECT_EQ(this->table().set_right(wrong, r, true), Status::not_mapped);
    EXPECT_EQ(this->table().set_fields(wrong, {}), Status::not_mapped);
    EXPECT_EQ(this->table().set_link_node(wrong, 5, VirtAddr{0}), Status::not_mapped);
  }
  EXPECT_EQ(this->table().fields(pte), PteFields{});
}

TYPED_TEST(MultiLevelTableOf, ChangesNothingWhenNodesRunOut) {
  using B = Bench<TypeParam>;
  using G = Geometry<TypeParam>;
  B small(bytes_of(G::node_shift(G::root_level) - G::node_shift(0))); // nothing but the root
  EXPECT_EQ(small.table.insert(VirtAddr{0}, B::bytes(0)).status, Status::out_of_memory);
  EXPECT_FALSE(small.table.lookup(VirtAddr{0}));
  EXPECT_EQ(small.used(), 1U);
  EXPECT_EQ(small.problem(), "");
}

TEST(MultiLevelTable, SplitsNothingWhenNodesRunOut) {
  Bench<X86_64_4> small(3);
  const Pte pte = small.show(0, 1);
  EXPECT_EQ(small.table.set_link_node(pte, 5, VirtAddr{0}), Status::ok);
  EXPECT_EQ(small.table.split(VirtAddr{0}, small.bytes(1)), Status::out_of_memory);
  EXPECT_EQ(small.table.fields(pte)->rights, r | w);
  EXPECT_EQ(small.table.map_node(pte, VirtAddr{0}), 5U);
}

TEST(MultiLevelTable, RefusesToHideWhatNoHoleHasRoomFor) {
  Bench<X86_64_4> bench;
  const Pte page = bench.show(0, 0), large = bench.insert(bench.bytes(1), 1);
  constexpr std::uint64_t first_refused = bytes_of(26 + 12);
  EXPECT_EQ(bench.table.set_paddr(page, PhysAddr{first_refused}), Status::ok) << "it shows";
  EXPECT_EQ(bench.table.set_right(page, r | w, false), Status::bad_attributes);
  EXPECT_EQ(bench.table.set_right(page, r, false), Status::bad_attributes) << "no x86 page is write-only";
  EXPECT_TRUE(bench.seen(0));
  EXPECT_EQ(bench.table.set_paddr(large, PhysAddr{first_refused}), Status::ok) << "in units of 2 MiB";
  EXPECT_EQ(bench.table.split(VirtAddr{bench.bytes(1)}, bench.bytes(1)), Status::bad_attributes);
  EXPECT_EQ(bench.table.set_right(large, r, true), Status::ok);
  EXPECT_EQ(bench.table.split(VirtAddr{bench.bytes(1)}, bench.bytes(1)), Status::ok);
}

TEST(MultiLevelTable, IsToldWhichMemoryTypesAreCached) {
  Bench<Ept4, PteWords<Ept4, CacheTypes{.cached = 6, .uncached = 0}>> bench;
  const Pte pte = bench.show(0, 1);
  EXPECT_EQ(bench.seen(0)->attributes().memory_type, 6);
  EXPECT_EQ(bench.table.set_cached(pte, false), Status::ok);
  EXPECT_EQ(bench.seen(0)->attributes().memory_type, 0);
  EXPECT_FALSE(bench.table.fields(pte)->cached);
}

TEST(MultiLevelTable, KeepsCachedInASoftwareBitWhereThereIsOneMemoryType) {
  Bench<Tiny, PteWords<Tiny, CacheTypes{.cached = 2, .uncached = 2}>> bench;
  const Pte pte = bench.show(0, 1);
  EXPECT_EQ(bench.seen(0)->attributes().memory_type, 2);
  EXPECT_TRUE(bench.table.fields(pte)->cached);
  EXPECT_EQ(bench.table.set_cached(pte, false), Status::ok);
  EXPECT_FALSE(bench.table.fields(pte)->cached);
}

} // namespace
} // namespace pagetwin
