// What the arguments of the operations on L4 address spaces decide: statuses and their order, flexpages, the
// regions of transfers, and areas.
#include "reference/l4_units.hpp"
#include "tests/reference/l4_fixture.hpp"

namespace reference {
namespace {

constexpr std::uint64_t half = 128 * l4_page; // of the tiny format's canonical addresses

template <typename Model>
class L4Arguments : public testing::Test {
 protected:
  L4Arguments() { l4.map(0, 0, 1, 0); }
  [[nodiscard]] L4Status map(const L4Transfer& transfer) { return unchanged(model.map(transfer)); }
  [[nodiscard]] L4Status flush(unsigned space, const L4Flexpage& page, L4Bits mask = l4_all) {
    return unchanged(model.flush(space, page, mask));
  }
  // Both kinds of transfers, and both of revocations.
  void expect_transfer(L4Status expected, const L4Transfer& transfer) {
    EXPECT_EQ(unchanged(model.map(transfer)), expected);
    EXPECT_EQ(unchanged(model.grant(transfer)), expected);
  }
  void expect_revocation(L4Status expected, unsigned space, const L4Flexpage& page, L4Bits mask = l4_all) {
    EXPECT_EQ(unchanged(model.unmap(space, page, mask)), expected);
    EXPECT_EQ(unchanged(model.flush(space, page, mask)), expected);
  }
  // A bad flexpage, wherever one is named.
  void expect_flexpage(L4Status expected, const L4Flexpage& page) {
    expect_transfer(expected, {0, 1, page, 0, pages_at(0), l4_all});
    expect_transfer(expected, {0, 1, pages_at(0), 0, page, l4_all});
    expect_revocation(expected, 1, page);
  }
  template <typename Answer>
  L4Status unchanged(const Answer& answer) {
    EXPECT_EQ(l4.contents(), "1.0>0.0 rwx");
    return answer.status;
  }

  Model model{tiny().profile()};
  L4Session l4{model};
};

using Models = testing::Types<L4Spaces, L4Units>;
TYPED_TEST_SUITE(L4Arguments, Models);

TYPED_TEST(L4Arguments, ASpaceThatDoesNotExistOrIsNoNumberIsUnknown) {
  for (const unsigned space : {4U, 5U, ~0U}) {
    this->expect_transfer(L4Status::unknown_space, {space, 1, pages_at(0), 0, pages_at(0), l4_all});
    this->expect_transfer(L4Status::unknown_space, {0, space, pages_at(0), 0, pages_at(0), l4_all});
    this->expect_revocation(L4Status::unknown_space, space, pages_at(0));
    EXPECT_EQ(this->model.place(space, 0, l4_page, 0, R), L4Status::unknown_space);
    EXPECT_EQ(this->model.merge(space, 0, l4_page), L4Status::unknown_space);
    EXPECT_EQ(this->model.destroy(space), L4Status::unknown_space);
  }
}

TYPED_TEST(L4Arguments, AFlexpageIsAPowerOfTwoPagesAlignedToItsSizeAndCanonical) {
  this->expect_flexpage(L4Status::empty, {0, 0});
  this->expect_flexpage(L4Status::bad_size, {0, l4_page / 2});
  this->expect_flexpage(L4Status::bad_size, {0, 3 * l4_page});
  this->expect_flexpage(L4Status::bad_size, {0, l4_page + 1});
  this->expect_flexpage(L4Status::misaligned, {l4_page, 2 * l4_page});
  this->expect_flexpage(L4Status::misaligned, {1, l4_page});
  this->expect_flexpage(L4Status::out_of_range, {half, l4_page});
  this->expect_flexpage(L4Status::out_of_range, {-(2 * half), l4_page});
}

TYPED_TEST(L4Arguments, AFlexpageIsAtMostHalfOfTheCanonicalAddresses) {
  this->expect_flexpage(L4Status::bad_size, {0, 2 * half});
  EXPECT_EQ(this->model.unmap(1, {0, half}, l4_all).status, L4Status::ok);
  EXPECT_EQ(this->model.unmap(1, {-half, half}, l4_all).status, L4Status::ok) << "it ends at 2^64";
}

TYPED_TEST(L4Arguments, WhereThereIsOneHalfAFlexpageMayBeAllAddresses) {
  TypeParam one{armv7().profile()};
  one.reset(1, 0);
  EXPECT_EQ(one.flush(0, {0, std::uint64_t{1} << 32}, l4_all).status, L4Status::ok);
  EXPECT_EQ(one.flush(0, {0, std::uint64_t{1} << 33}, l4_all).status, L4Status::bad_size);
}

TYPED_TEST(L4Arguments, StatusesAreTestedInTheirOrder) {
  const L4Flexpage empty{1, 0}, size{1, 3 * l4_page}, alignment{half + 1, l4_page}, range = {half, l4_page};
  const L4Transfer good{0, 1, pages_at(0), 0, pages_at(0), l4_all};
  const auto with = [&good](unsigned to, const L4Flexpage& send, const L4Flexpage& window, L4Bits mask) {
    return L4Transfer{good.from, to, send, 0, window, mask};
  };
  EXPECT_EQ(this->map(with(4, empty, empty, 0)), L4Status::unknown_space);
  EXPECT_EQ(this->map(with(1, empty, size, 0)), L4Status::empty);
  EXPECT_EQ(this->map(with(1, size, empty, 0)), L4Status::bad_size) << "the send flexpage is first";
  EXPECT_EQ(this->map(with(1, alignment, empty, 0)), L4Status::misaligned);
  EXPECT_EQ(this->map(with(1, range, empty, 0)), L4Status::out_of_range);
  EXPECT_EQ(this->map(with(1, good.send, range, 0)), L4Status::out_of_range);
  EXPECT_EQ(this->map(with(1, good.send, good.window, 0)), L4Status::bad_attributes);
  EXPECT_EQ(this->flush(4, empty, 0), L4Status::unknown_space);
  EXPECT_EQ(this->flush(1, size, 0), L4Status::bad_size);
  EXPECT_EQ(this->flush(1, range, 0), L4Status::out_of_range);
  EXPECT_EQ(this->flush(1, good.send, 0), L4Status::bad_attributes);
}

TYPED_TEST(L4Arguments, RightsAreReadWriteAndExecuteAndSome) {
  for (const L4Bits mask : {L4Bits{0}, L4Bits{8}, L4Bits{15}}) {
    this->expect_transfer(L4Status::bad_attributes, {0, 1, pages_at(0), 0, pages_at(0), mask});
    this->expect_revocation(L4Status::bad_attributes, 1, pages_at(0), mask);
    EXPECT_EQ(this->model.place(1, l4_page, l4_page, 0, mask), L4Status::bad_attributes);
  }
}

TYPED_TEST(L4Arguments, TheFormatCanExpressWhatIsMappedAndWhatARevocationLeaves) {
  TypeParam x86{x86_64_4().profile()}; // where everything present may be read
  x86.reset(2, l4_page);
  ASSERT_EQ(x86.create(1), L4Status::ok);
  const auto map = [&x86](L4Bits mask) { return x86.map({0, 1, pages_at(0), 0, pages_at(0), mask}).status; };
  EXPECT_EQ(map(W), L4Status::bad_attributes);
  EXPECT_EQ(map(X), L4Status::bad_attributes);
  EXPECT_EQ(map(R | X), L4Status::ok);
  EXPECT_EQ(x86.place(1, l4_page, l4_page, 0, W), L4Status::bad_attributes);
  EXPECT_EQ(x86.unmap(0, pages_at(0), R).status, L4Status::bad_attributes) << "w and x would be left";
  EXPECT_EQ(x86.unmap(0, pages_at(0), R | X).status, L4Status::bad_attributes);
  EXPECT_EQ(x86.unmap(0, pages_at(0), W | X).status, L4Status::ok);
  EXPECT_EQ(contents(x86), "1.0>0.0 r");
  EXPECT_EQ(x86.flush(0, pages_at(0), l4_all).status, L4Status::ok);
}

TYPED_TEST(L4Arguments, PlaceTestsItsArgumentsAsTheTablesMapDoes) {
  const auto place = [this](std::uint64_t va, std::uint64_t size, std::uint64_t frame) {
    return this->model.place(1, va, size, frame, R);
  };
  EXPECT_EQ(place(1, 0, 1), L4Status::empty);
  EXPECT_EQ(place(1, l4_page, 0), L4Status::misaligned);
  EXPECT_EQ(place(0, 2 * l4_page, l4_page), L4Status::misaligned) << "the frame, too";
  EXPECT_EQ(place(1, 3 * l4_page, 0), L4Status::misaligned) << "of no size, so to the smallest page";
  EXPECT_EQ(place(l4_page, 3 * l4_page, 0), L4Status::bad_size);
  EXPECT_EQ(place(0, 128 * l4_page, 0), L4Status::bad_size);
  EXPECT_EQ(place(half, l4_page, 0), L4Status::out_of_range);
  EXPECT_EQ(place(l4_page, l4_page, std::uint64_t{1} << 40), L4Status::out_of_range);
  EXPECT_EQ(place(0, 2 * l4_page, 0), L4Status::overlap) << "a page is mapped there";
}

TYPED_TEST(L4Arguments, MergeTestsItsArgumentsAsTheTablesPromoteDoesAndThenTheFirstPage) {
  EXPECT_EQ(this->model.merge(1, 0, 0), L4Status::empty);
  EXPECT_EQ(this->model.merge(1, l4_page, 2 * l4_page), L4Status::misaligned);
  EXPECT_EQ(this->model.merge(1, l4_page, 3 * l4_page), L4Status::bad_size);
  EXPECT_EQ(this->model.merge(1, half, l4_page), L4Status::out_of_range);
  EXPECT_EQ(this->model.merge(1, l4_page, l4_page), L4Status::not_mapped);
  EXPECT_EQ(this->model.merge(1, 0, l4_page), L4Status::ok) << "it is one unit already";
  EXPECT_EQ(this->model.merge(1, 0, 2 * l4_page), L4Status::not_uniform) << "half of it is mapped";
  ASSERT_EQ(this->model.place(1, 2 * l4_page, 2 * l4_page, 0, R), L4Status::ok);
  EXPECT_EQ(this->model.merge(1, 2 * l4_page, 2 * l4_page), L4Status::not_uniform) << "areas do not merge";
}

// Regions. Single pages, so that both models say the same.

template <typename Model>
class L4Regions : public testing::Test {
 protected:
  std::uint64_t map(const L4Flexpage& send, std::uint64_t send_base, const L4Flexpage& window,
                    unsigned from = 0) {
    return model.map({from, 1, send, send_base, window, l4_all}).pages;
  }

  Model model{one_size()};
  L4Session l4{model};
};
TYPED_TEST_SUITE(L4Regions, Models);

TYPED_TEST(L4Regions, OfEqualSizeLieOneOnTheOther) {
  EXPECT_EQ(this->map(pages_at(2, 2), 5 * l4_page, pages_at(6, 2)), 2U);
  EXPECT_EQ(this->l4.contents(), "1.6>0.2 rwx, 1.7>0.3 rwx");
}

TYPED_TEST(L4Regions, ASmallerSendFlexpageIsPlacedInTheWindowAtTheSendBase) {
  EXPECT_EQ(this->map(pages_at(2, 2), 13 * l4_page + 8, pages_at(16, 8)), 2U);
  EXPECT_EQ(this->l4.contents(), "1.20>0.2 rwx, 1.21>0.3 rwx") << "13 modulo 8, rounded down to 2 pages";
}

TYPED_TEST(L4Regions, ASmallerWindowChoosesFromTheSendFlexpageAtTheSendBase) {
  EXPECT_EQ(this->map(pages_at(0, 4), 7 * l4_page, pages_at(9, 1)), 1U);
  EXPECT_EQ(this->l4.contents(), "1.9>0.3 rwx") << "7 modulo 4";
  EXPECT_EQ(this->map(pages_at(0, 4), 3 * l4_page, pages_at(2, 2)), 2U);
  EXPECT_EQ(this->l4.contents(), "1.2>0.2 rwx, 1.3>0.3 rwx, 1.9>0.3 rwx");
}

TYPED_TEST(L4Regions, HolesOfTheSendFlexpageFlushNothing) {
  this->l4.map(0, 0, 1, 10);
  this->l4.map(0, 1, 2, 9);
  EXPECT_EQ(this->map(pages_at(8, 4), 0, pages_at(8, 4), 2), 1U);
  EXPECT_EQ(this->l4.contents(), "1.9>2.9 rwx, 1.10>0.0 rwx, 2.9>0.1 rwx");
}

TYPED_TEST(L4Regions, PagesAreTransferredAscendingEachInTheStateThatItsPredecessorLeft) {
  // Pages 0 and 1 of the source are derived from page 5 and 4 of the destination.
  this->l4.map(0, 0, 1, 4);
  this->l4.map(0, 1, 1, 5);
  this->l4.map(1, 5, 2, 0);
  this->l4.map(1, 4, 2, 1);
  EXPECT_EQ(this->map(pages_at(0, 2), 0, pages_at(4, 2), 2), 1U);
  EXPECT_EQ(this->l4.contents(), "1.4>2.0 rwx, 1.5>0.1 rwx, 2.0>1.5 rwx")
      << "the flush of page 4 took page 1 of the source, which was then skipped with its destination";
}

TYPED_TEST(L4Regions, UnmapAndFlushTakeEveryPageOfAFlexpageAndAnswerTheStatusOfAll) {
  for (unsigned v = 0; v < 4; ++v) {
    this->l4.map(0, v, 1, v);
    this->l4.map(1, v, 2, v);
  }
  this->l4.touch(2, 2, AccessKind::write);
  this->l4.touch(1, 3, AccessKind::execute);
  this->l4.touch(2, 1, AccessKind::write);
  EXPECT_EQ(this->l4.unmap(1, 2, l4_all, 2), l4_all);
  EXPECT_EQ(this->l4.contents(),
            "1.0>0.0 rwx, 1.1>0.1 rwx, 1.2>0.2 rwx, 1.3>0.3 rwx, 2.0>1.0 rwx, 2.1>1.1 rwx!aw");
  EXPECT_EQ(this->l4.flush(1, 0, l4_all, 2), R | W);
  EXPECT_EQ(this->l4.contents(), "1.2>0.2 rwx, 1.3>0.3 rwx");
}

TYPED_TEST(L4Regions, HalfOfAllAddressesCostsWhatIsMappedThere) {
  TypeParam x86{x86_64_4().profile()};
  x86.reset(2, l4_page);
  ASSERT_EQ(x86.create(1), L4Status::ok);
  const std::uint64_t bytes = std::uint64_t{1} << 47;
  EXPECT_EQ(x86.map({0, 1, {0, bytes}, 0, {-bytes, bytes}, R}).pages, 1U);
  EXPECT_EQ(to_text(1, *x86.find(1, -bytes)), "1." + std::to_string(-bytes / l4_page) + ">0.0 r");
  EXPECT_EQ(x86.flush(1, {-bytes, bytes}, l4_all).status, L4Status::ok);
  EXPECT_EQ(contents(x86), "");
}

// Areas.

TYPED_TEST(L4Regions, AnAreaTranslatesOutsideTheMappingState) {
  ASSERT_EQ(this->model.place(1, 5 * l4_page, l4_page, 77 * l4_page, R | X), L4Status::ok);
  EXPECT_EQ(this->l4.contents(), "1.5=77 rx");
  EXPECT_EQ(this->l4.lookup(1, 5), 77U);
  this->l4.touch(1, 5, AccessKind::read);
  EXPECT_EQ(this->l4.unmap(1, 5), 0U);
  EXPECT_EQ(this->l4.flush(1, 5), 0U);
  EXPECT_EQ(this->l4.contents(), "1.5=77 rx") << "revocation does not see it, and it has no status";
  EXPECT_EQ(this->model.place(1, 5 * l4_page, l4_page, 0, R), L4Status::overlap);
}

TYPED_TEST(L4Regions, AnAreaIsNoSource) {
  ASSERT_EQ(this->model.place(1, 5 * l4_page, l4_page, 77 * l4_page, R), L4Status::ok);
  this->l4.map(0, 0, 2, 0);
  EXPECT_EQ(this->l4.map(1, 5, 2, 0), 0U);
  EXPECT_EQ(this->l4.grant(1, 5, 2, 0), 0U);
  EXPECT_EQ(this->l4.contents(), "1.5=77 r, 2.0>0.0 rwx") << "and nothing was flushed";
}

TYPED_TEST(L4Regions, AnAreaInTheDestinationIsSkippedPageByPageAndAGrantLeavesItsSource) {
  ASSERT_EQ(this->model.place(1, 5 * l4_page, l4_page, 77 * l4_page, R), L4Status::ok);
  EXPECT_EQ(this->map(pages_at(0, 4), 0, pages_at(4, 4)), 3U);
  EXPECT_EQ(this->l4.contents(), "1.4>0.0 rwx, 1.5=77 r, 1.6>0.2 rwx, 1.7>0.3 rwx");
  EXPECT_EQ(this->model.grant({0, 1, pages_at(0, 2), 0, pages_at(4, 2), l4_all}).pages, 1U);
  EXPECT_EQ(this->l4.contents(0), "0.1>r1 rwx, 0.2>r2 rwx, 0.3>r3 rwx, 1.4>r0 rwx, 1.5=77 r, 1.6>0.2 rwx, "
                                  "1.7>0.3 rwx");
}

TYPED_TEST(L4Regions, AreasVanishWithTheirSpace) {
  ASSERT_EQ(this->model.place(1, 5 * l4_page, l4_page, 77 * l4_page, R), L4Status::ok);
  ASSERT_EQ(this->model.place(2, 5 * l4_page, l4_page, 77 * l4_page, R), L4Status::ok);
  ASSERT_EQ(this->model.destroy(1), L4Status::ok);
  ASSERT_EQ(this->model.create(1), L4Status::ok);
  EXPECT_EQ(this->l4.contents(), "2.5=77 r");
}

// What the paper leaves undefined.

TEST(L4Missing, AGrantToAMissingSpaceLosesItsSourceAsPrintedAndNothingWhenMended) {
  for (const Missing missing : {Missing::mended, Missing::as_printed}) {
    L4Spaces model(one_size(), missing);
    L4Session l4(model);
    l4.map(0, 0, 1, 0);
    l4.map(1, 0, 2, 0);
    EXPECT_EQ(model.grant({1, 4, pages_at(0), 0, pages_at(0), l4_all}).status, L4Status::unknown_space);
    EXPECT_EQ(l4.contents(), missing == Missing::mended ? "1.0>0.0 rwx, 2.0>1.0 rwx" : "");
  }
}

TEST(L4Missing, EveryOtherOperationOnAMissingSpaceChangesNothingAsPrintedEither) {
  L4Spaces model(one_size(), Missing::as_printed);
  L4Session l4(model);
  l4.map(0, 0, 1, 0);
  EXPECT_EQ(model.map({1, 4, pages_at(0), 0, pages_at(0), l4_all}).status, L4Status::unknown_space);
  EXPECT_EQ(model.map({4, 1, pages_at(0), 0, pages_at(0), l4_all}).status, L4Status::unknown_space);
  EXPECT_EQ(model.grant({4, 1, pages_at(0), 0, pages_at(0), l4_all}).status, L4Status::unknown_space);
  EXPECT_EQ(model.grant({1, 4, pages_at(0), 0, {0, 0}, l4_all}).status, L4Status::unknown_space);
  EXPECT_EQ(model.unmap(4, pages_at(0), l4_all).status, L4Status::unknown_space);
  EXPECT_EQ(model.flush(4, pages_at(0), l4_all).status, L4Status::unknown_space);
  EXPECT_EQ(model.create(1), L4Status::space_in_use);
  EXPECT_EQ(l4.contents(), "1.0>0.0 rwx");
}

} // namespace
} // namespace reference
