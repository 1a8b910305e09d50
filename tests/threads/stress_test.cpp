// Four readers and a writer, for a second a format: all answers that the readers got must fit into one order
// of lookups and edits (tests/threads/history.hpp). Under ThreadSanitizer (the preset tsan) every access is
// checked, too. Rounds of some edits keep what is written down small.
#include "fuzz/oracles/tiny_format.hpp"
#include "src/arch/aarch64.hpp"
#include "src/arch/riscv.hpp"
#include "src/arch/x86_64.hpp"
#include "src/table/audit.hpp"
#include "tests/threads/writer.hpp"

#include <chrono>
#include <iostream>

namespace pagetwin {
namespace {

constexpr std::uint64_t edits_of_a_round = 400;
constexpr std::size_t most_samples = 1U << 14; // of a reader in a round
constexpr std::uint64_t least_rounds = 8, most_rounds = 10'000;
constexpr auto duration = std::chrono::seconds(1); // after the least rounds

template <Format F, Layout L>
class Reader {
  using A = Areas<F, L>;

 public:
  Reader(PausingTable<F>& shared, unsigned number) : reader_(shared.reader(number)), rng_(number) {}

  void run(Progress& progress) {
    samples_.clear();
    while (samples_.size() < most_samples && !progress.done.load(std::memory_order_relaxed))
      visit(progress, rng_.below(2) * rng_.below(16));
  }
  [[nodiscard]] const std::vector<Sample>& samples() const { return samples_; }

 private:
  // One lookup that announces itself, or several of one visit, which may stay at one page to see it change.
  void visit(Progress& progress, std::uint64_t lookups) {
    if (lookups == 0)
      return take(progress, reader_, choose(progress));
    const auto visit = reader_.visit();
    const std::uint32_t page = choose(progress);
    const bool stays = rng_.one_in(2);
    for (std::uint64_t i = 0; i < lookups; ++i)
      take(progress, visit, stays ? page : choose(progress));
  }
  template <class Lookups>
  void take(Progress& progress, const Lookups& lookups, std::uint32_t page) {
    const std::uint64_t began = progress.clock.load(std::memory_order_acquire);
    const std::uint64_t before = progress.ended.load(std::memory_order_acquire);
    const auto found = lookups.lookup(A::va(page));
    const std::uint64_t after = progress.begun.load(std::memory_order_acquire);
    const std::uint64_t ended = progress.clock.fetch_add(1, std::memory_order_acq_rel) + 1;
    samples_.push_back({page, before, after, answer(found), began, ended});
  }
  // Mostly near the edit that runs.
  [[nodiscard]] std::uint32_t choose(const Progress& progress) {
    const auto any = static_cast<std::uint32_t>(rng_.next());
    const std::uint32_t near = progress.hot.load(std::memory_order_relaxed) + any % 8;
    return (rng_.one_in(4) ? any : near) % A::pages;
  }
  [[nodiscard]] static Answer answer(const std::optional<Translation<F>>& found) {
    return found ? raw(found->pa()) | Answer{has(found->attributes().rights, Rights::write)} : absent;
  }

  SharedReader<F> reader_;
  twin::Rng rng_;
  std::vector<Sample> samples_;
};

template <Format F, Layout L, Breaks B>
class Stress {
 public:
  Stress(std::size_t nodes, std::uint32_t batch) : nodes_(nodes), shared_(nodes, batch) {
    for (unsigned i = 0; i < PausingTable<F>::readers; ++i)
      readers_.emplace_back(shared_, i);
  }

  void run() {
    const auto end = std::chrono::steady_clock::now() + duration;
    std::uint64_t rounds = 0;
    while (rounds < least_rounds || (rounds < most_rounds && std::chrono::steady_clock::now() < end)) {
      ++rounds;
      round();
      if (testing::Test::HasFailure())
        return;
    }
    EXPECT_GT(overlapping_, 0U) << "no lookup ran beside an edit";
    EXPECT_GT(writer_.grown(), 4 * nodes_) << "nodes were not reused";
    EXPECT_EQ(audit(shared_.table()).problem, "");
    shared_.table().destroy();
    shared_.memory().reclaim();
    EXPECT_EQ(shared_.pool().used(), 0U);
    std::cout << overlapping_ << " lookups beside an edit of " << rounds * edits_of_a_round << "; "
              << writer_.grown() << " edits took nodes, " << writer_.refused() << " were refused\n";
  }

 private:
  void round() {
    writer_.history().forget();
    Progress progress;
    std::vector<std::thread> threads;
    for (auto& reader : readers_)
      threads.emplace_back([&reader, &progress] { reader.run(progress); });
    writer_.run(progress, edits_of_a_round);
    progress.done = true;
    for (std::thread& thread : threads)
      thread.join();
    check(all_samples());
  }
  [[nodiscard]] std::vector<Sample> all_samples() const {
    std::vector<Sample> all;
    for (const auto& reader : readers_)
      all.insert(all.end(), reader.samples().begin(), reader.samples().end());
    return all;
  }
  void check(std::vector<Sample> samples) {
    for (const Sample& s : samples)
      overlapping_ += s.after > s.before;
    if (const auto wrong = Linearization(writer_.history(), std::move(samples)).first_wrong())
      ADD_FAILURE() << "page " << wrong->page << " answered " << std::hex << wrong->answer << std::dec
                    << " between the edits " << wrong->before << " and " << wrong->after << ", lookup "
                    << wrong->ended;
  }

  std::uint64_t nodes_;
  PausingTable<F> shared_;
  Writer<F, L, B> writer_{shared_};
  std::vector<Reader<F, L>> readers_;
  std::uint64_t overlapping_ = 0;
};

TEST(SharedMemoryStress, ReadersOfX86SeeNoGaps) { Stress<X86_64_4, Layout{22, 38}, Breaks::no>(40, 1).run(); }
TEST(SharedMemoryStress, ReadersOfRiscvSeeGapsOfGroupsOnly) {
  Stress<RiscvSv39, Layout{22, 29}, Breaks::no>(40, 4).run();
}
TEST(SharedMemoryStress, ReadersOfAarch64SeeGapsWhereAnEntryIsBrokenOnly) {
  Stress<Aarch64S1_4k, Layout{22, 38}, Breaks::yes>(40, SharedMemory::usual_batch).run();
}
TEST(SharedMemoryStress, ReadersOfTheTinyFormatSeeGapsWhereAnEntryIsBrokenOnly) {
  Stress<Tiny, Layout{17, 17}, Breaks::yes>(60, 1).run();
}

} // namespace
} // namespace pagetwin
