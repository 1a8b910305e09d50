// What each page was after each edit, and what a lookup may have answered that overlapped some of them: the
// check of linearizability. Edits are numbered from 1; version 0 is the state before. Knows no table.
#pragma once

#include <cstdint>
#include <vector>

namespace pagetwin {

// What a lookup answers for the first byte of a page, in one word: the frame, and bit 0 for writable.
using Answer = std::uint64_t;
inline constexpr Answer absent = ~std::uint64_t{0};

// A lookup: edits up to `before` had ended when it began, and none after `after` had begun when it ended.
struct Sample {
  std::uint32_t page;
  std::uint64_t before, after;
  Answer answer;
};

class History {
 public:
  explicit History(std::size_t pages) : pages_(pages) {
    for (Page& page : pages_)
      page.versions.push_back({0, absent});
  }

  [[nodiscard]] std::size_t pages() const { return pages_.size(); }
  [[nodiscard]] Answer now(std::size_t page) const { return pages_[page].versions.back().answer; }
  // The edit makes the page this.
  void becomes(std::size_t page, std::uint64_t edit, Answer answer) {
    pages_[page].versions.push_back({edit, answer});
  }
  // While the edit runs, the page may be absent although it is mapped before and after.
  void may_vanish(std::size_t page, std::uint64_t edit) { pages_[page].gaps.push_back(edit); }
  // What is now is version 0.
  void forget() {
    for (Page& page : pages_) {
      page.versions = {{0, page.versions.back().answer}};
      page.gaps.clear();
    }
  }

  [[nodiscard]] bool allows(const Sample& s) const {
    const Page& page = pages_[s.page];
    return was(page, s) || (s.answer == absent && vanished(page, s));
  }

 private:
  struct Version {
    std::uint64_t since;
    Answer answer;
  };
  struct Page {
    std::vector<Version> versions; // ascending
    std::vector<std::uint64_t> gaps;
  };
  // Was the answer right at the beginning, or after some edit that may have run meanwhile?
  [[nodiscard]] static bool was(const Page& page, const Sample& s) {
    for (std::size_t i = page.versions.size(); i-- > 0;) {
      const Version& version = page.versions[i];
      if (version.since <= s.after && version.answer == s.answer)
        return true;
      if (version.since <= s.before)
        return false;
    }
    return false;
  }
  [[nodiscard]] static bool vanished(const Page& page, const Sample& s) {
    for (const std::uint64_t edit : page.gaps)
      if (s.before < edit && edit <= s.after)
        return true;
    return false;
  }

  std::vector<Page> pages_;
};

} // namespace pagetwin
