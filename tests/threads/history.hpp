// What each page was after each edit, and whether the answers of lookups fit into that: the check of
// linearizability. Edits are numbered from 1; version 0 is the state before. Knows no table.
//
// Each page is a register of its own, with one writer. Linearizability is local: if the lookups of each page
// can be put in an order, those of all pages can (Herlihy and Wing, 1990, theorem 1). An edit of several
// pages is a write of each of them, page by page, as src/table/shared_memory.hpp promises no more.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <numeric>
#include <optional>
#include <vector>

namespace pagetwin {

// What a lookup answers for the first byte of a page, in one word: the frame, and bit 0 for writable.
using Answer = std::uint64_t;
inline constexpr Answer absent = ~std::uint64_t{0};

// A lookup: edits up to `before` had ended when it began, and none after `after` had begun when it ended.
// began, ended: of the clock of all readers, which is 1 more after each lookup: so many had ended when this
// one began, and when it had ended itself.
struct Sample {
  std::uint32_t page;
  std::uint64_t before, after;
  Answer answer;
  std::uint64_t began, ended;
};

class History {
 public:
  // Where a page is on its way through the edits. Each edit has three phases: it runs and has not changed the
  // page yet; it runs and has; it has ended, and the next one has not begun.
  using Phase = std::uint64_t;
  static constexpr Phase never = std::numeric_limits<Phase>::max();

  explicit History(std::size_t pages) : pages_(pages) {
    for (Page& page : pages_)
      page.versions.push_back({0, never, absent});
  }

  [[nodiscard]] std::size_t pages() const { return pages_.size(); }
  [[nodiscard]] Answer now(std::size_t page) const { return pages_[page].versions.back().answer; }
  // The edit makes the page this.
  void becomes(std::size_t page, std::uint64_t edit, Answer answer) {
    auto& versions = pages_[page].versions;
    versions.back().last = unchanged(edit);
    versions.push_back({changed(edit), never, answer});
  }
  // While the edit runs, the page may be absent although it is mapped before and after.
  void may_vanish(std::size_t page, std::uint64_t edit) {
    pages_[page].gaps.push_back({unchanged(edit), changed(edit), absent});
  }
  // What is now is version 0.
  void forget() {
    for (Page& page : pages_) {
      page.versions = {{0, never, page.versions.back().answer}};
      page.gaps.clear();
    }
  }

  // The earliest phase, not before `floor`, in which the lookup ran and its answer was right; or never.
  [[nodiscard]] Phase place(const Sample& s, Phase floor) const {
    const Page& page = pages_[s.page];
    const Phase first = std::max(floor, after_end(s.before)), last = after_end(s.after);
    return std::min(earliest(page.versions, first, last, s.answer),
                    earliest(page.gaps, first, last, s.answer));
  }

 private:
  // The answer is right from one phase to the other.
  struct Span {
    Phase first, last;
    Answer answer;
  };
  struct Page {
    std::vector<Span> versions, gaps; // each ascending
  };
  [[nodiscard]] static constexpr Phase unchanged(std::uint64_t edit) { return 3 * edit; }
  [[nodiscard]] static constexpr Phase changed(std::uint64_t edit) { return 3 * edit + 1; }
  [[nodiscard]] static constexpr Phase after_end(std::uint64_t edit) { return 3 * edit + 2; }

  [[nodiscard]] static Phase earliest(const std::vector<Span>& spans, Phase first, Phase last,
                                      Answer answer) {
    Phase found = never;
    for (auto span = spans.rbegin(); span != spans.rend() && span->last >= first; ++span)
      if (span->answer == answer && span->first <= last)
        found = std::max(span->first, first);
    return found;
  }

  std::vector<Page> pages_;
};

// Can the lookups be put in an order that a register for each page could have answered, and in which a lookup
// that ended before another began, of whatever reader, comes before it?
//
// In the order in which they began, each gets the earliest phase that is not before those of the lookups that
// ended before it. All of these began earlier, so theirs are known; and by induction no order can give any
// lookup an earlier phase, as an earlier phase of one never delays another. So if one finds no phase here, it
// finds none in any order; and if all do, that is the order: by phase, and in a phase by beginning.
class Linearization {
 public:
  Linearization(const History& history, std::vector<Sample> samples)
      : history_(&history), samples_(std::move(samples)), placed_(samples_.size()), by_end_(samples_.size()),
        floors_(history.pages()) {
    std::ranges::sort(samples_, {}, &Sample::began);
    std::iota(by_end_.begin(), by_end_.end(), std::size_t{0});
    std::ranges::sort(by_end_, {}, [this](std::size_t i) { return samples_[i].ended; });
  }

  // One that has no place in any order that has one for all that began before it; or none.
  [[nodiscard]] std::optional<Sample> first_wrong() {
    for (std::size_t i = 0; i < samples_.size(); ++i) {
      const Sample& s = samples_[i];
      raise_floors(s.began);
      placed_[i] = history_->place(s, floors_[s.page]);
      if (placed_[i] == History::never)
        return s;
    }
    return std::nullopt;
  }

 private:
  // What began at that moment comes after what had ended by then.
  void raise_floors(std::uint64_t moment) {
    for (; ended_ < by_end_.size() && samples_[by_end_[ended_]].ended <= moment; ++ended_) {
      const std::size_t i = by_end_[ended_];
      History::Phase& floor = floors_[samples_[i].page];
      floor = std::max(floor, placed_[i]);
    }
  }

  const History* history_;
  std::vector<Sample> samples_; // in the order in which they began
  std::vector<History::Phase> placed_;
  std::vector<std::size_t> by_end_;    // places in samples_
  std::size_t ended_ = 0;              // of by_end_, those that floors_ know of
  std::vector<History::Phase> floors_; // of each page
};

} // namespace pagetwin
