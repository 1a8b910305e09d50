// The one writer: edits a table, says when each edit begins and ends, and writes down what each page is after
// it. What an edit must answer is known from the pages alone.
#pragma once

#include "tests/threads/edit.hpp"
#include "tests/threads/history.hpp"
#include "tests/threads/shared_table.hpp"

#include <atomic>
#include <gtest/gtest.h>
#include <thread>

namespace pagetwin {

// Where the writer is. hot: a page of the edit that runs. clock: 1 more after each lookup of any reader; the
// writer never looks at it, so that what readers tell each other by it tells nothing to who reuses nodes.
struct Progress {
  alignas(64) std::atomic<std::uint64_t> begun = 0, ended = 0;
  std::atomic<std::uint32_t> hot = 0;
  std::atomic<bool> done = false;
  alignas(64) std::atomic<std::uint64_t> clock = 0;
};

// Does the format demand that a leaf is cleared before its size or its frame changes?
enum class Breaks : bool { no, yes };

template <Format F, Layout L, Breaks B>
class Writer {
  using A = Areas<F, L>;
  static constexpr std::uint32_t group_pages = [] {
    std::uint32_t most = 1;
    for (const PageSize& size : F::sizes)
      if (size.level == 0)
        most = size.copies();
    return most;
  }();

 public:
  explicit Writer(PausingTable<F>& shared) : shared_(&shared) {}

  [[nodiscard]] History& history() { return history_; }
  // Edits that needed nodes, and those that were refused because readers still held some.
  [[nodiscard]] std::uint64_t grown() const { return grown_; }
  [[nodiscard]] std::uint64_t refused() const { return refused_; }

  void run(Progress& progress, std::uint64_t edits) {
    for (std::uint64_t number = 1; number <= edits; ++number) {
      const Edit edit = resolved(edits_.next());
      note_gaps(edit, number);
      const Status expected = answer(edit);
      progress.hot.store(edit.first + edit.count / 2, std::memory_order_relaxed);
      progress.begun.store(number, std::memory_order_release);
      const std::uint64_t used = shared_->pool().used();
      const Status status = apply(edit);
      progress.ended.store(number, std::memory_order_release);
      grown_ += shared_->pool().used() > used;
      note(edit, status, expected, number);
    }
  }

 private:
  // remap takes whole leaves.
  [[nodiscard]] Edit resolved(Edit edit) const {
    if (edit.action != Action::remap)
      return edit;
    edit.count = leaf_pages(edit.first);
    edit.first -= edit.first % edit.count;
    return edit;
  }
  [[nodiscard]] std::uint32_t leaf_pages(std::uint32_t page) const {
    const auto found = shared_->table().lookup(A::va(page));
    return found ? A::pages_of(found->size().bytes()) : 1;
  }
  [[nodiscard]] bool is_group(std::uint32_t page) const {
    const auto found = shared_->table().lookup(A::va(page));
    return found && found->size().copies() > 1;
  }

  // The pages that may be absent while the edit runs.
  void note_gaps(const Edit& e, std::uint64_t number) {
    if (e.action == Action::map || e.action == Action::map_range)
      return;
    const std::uint32_t last = e.first + e.count - 1;
    const std::uint32_t begin = start_of_leaf(e.first), end = start_of_leaf(last) + leaf_pages(last);
    for (std::uint32_t page = begin; page < end; ++page)
      if (may_break(e, page))
        history_.may_vanish(page, number);
  }
  [[nodiscard]] std::uint32_t start_of_leaf(std::uint32_t page) const {
    return page - page % leaf_pages(page);
  }
  // A leaf that is cut is broken where the format demands it. Where it does not and there are groups, it
  // becomes groups first, and of those the edit breaks what it changes or cuts.
  [[nodiscard]] bool may_break(const Edit& e, std::uint32_t page) const {
    if (e.action == Action::promote) // elsewhere the leaf is stored over the table
      return B == Breaks::yes || (group_pages > 1 && e.count == group_pages);
    if (B == Breaks::no && group_pages == 1)
      return false;
    if (is_group(page))
      return true;
    if (B == Breaks::yes)
      return e.action == Action::remap || is_cut(e, page);
    const std::uint32_t group = page / group_pages, last = (e.first + e.count - 1) / group_pages;
    return is_cut(e, page) && e.first / group_pages <= group && group <= last;
  }
  [[nodiscard]] bool is_cut(const Edit& e, std::uint32_t page) const {
    const std::uint32_t begin = start_of_leaf(page);
    return begin < e.first || begin + leaf_pages(page) > e.first + e.count;
  }

  [[nodiscard]] Status answer(const Edit& e) const {
    switch (e.action) {
    case Action::map:
    case Action::map_range:
      return mapped(e) == 0 ? Status::ok : Status::overlap;
    case Action::promote:
      return is_uniform(e) ? Status::ok : Status::not_uniform;
    case Action::remap:
      return mapped(e) != 0 ? Status::ok : Status::not_mapped;
    case Action::unmap:
    case Action::protect:
      break;
    }
    return Status::ok;
  }
  [[nodiscard]] std::uint32_t mapped(const Edit& e) const {
    std::uint32_t pages = 0;
    for (std::uint32_t i = 0; i < e.count; ++i)
      pages += history_.now(e.first + i) != absent;
    return pages;
  }
  [[nodiscard]] bool is_uniform(const Edit& e) const {
    const Answer first = history_.now(e.first);
    bool all = first != absent;
    for (std::uint32_t i = 0; i < e.count; ++i)
      all = all && history_.now(e.first + i) == first + (std::uint64_t{i} << F::page_shift);
    return all;
  }

  [[nodiscard]] Status apply(const Edit& e) {
    auto& table = shared_->table();
    const VirtAddr va = A::va(e.first);
    const PhysAddr frame = A::frame(e.first, e.colour);
    const std::uint64_t length = std::uint64_t{e.count} << F::page_shift;
    const Rights rights = Rights::read | when(e.writable, Rights::write);
    switch (e.action) {
    case Action::map:
      return table.map(va, frame, length, {.rights = rights});
    case Action::map_range:
      return table.map_range(va, frame, length, {.rights = rights}, e.bytes);
    case Action::unmap:
      return table.unmap(va, length).status;
    case Action::protect:
      return table.protect(va, length, rights).status;
    case Action::promote:
      return table.promote(va, e.bytes);
    case Action::remap:
      break;
    }
    return table.remap(va, frame);
  }
  void note(const Edit& e, Status status, Status expected, std::uint64_t number) {
    if (status == Status::out_of_memory) {
      ++refused_;
      std::this_thread::yield(); // a reader has to go on
      return;
    }
    EXPECT_EQ(to_text(status), to_text(expected)) << "edit " << number;
    if (status != Status::ok)
      return;
    for (std::uint32_t page = e.first; page < e.first + e.count; ++page)
      if (const Answer next = after(e, page); next != history_.now(page))
        history_.becomes(page, number, next);
  }
  [[nodiscard]] Answer after(const Edit& e, std::uint32_t page) const {
    const Answer now = history_.now(page);
    switch (e.action) {
    case Action::map:
    case Action::map_range:
      return raw(A::frame(page, e.colour)) | Answer{e.writable};
    case Action::unmap:
      return absent;
    case Action::protect:
      return now == absent ? absent : (now & ~Answer{1}) | Answer{e.writable};
    case Action::remap:
      return raw(A::frame(page, e.colour)) | (now & 1);
    case Action::promote:
      break;
    }
    return now;
  }

  PausingTable<F>* shared_;
  History history_{A::pages};
  RandomEdits<F, L> edits_{1};
  std::uint64_t grown_ = 0, refused_ = 0;
};

} // namespace pagetwin
