// Level P in step with tables of ours: each operation that the mapping database does on a table, done by the
// reference's page-table ADT too, in the ADT's own operations, and each answer compared. So what the database
// makes of the answers of one it makes of those of the other, and the same run shows that tables of ours do
// what level P says, and that level P with the mapping database does what level A says (docs/l4.md,
// "Composition"). Spaces are named by their roots, PTEs by their first descriptors. It refuses to know bytes:
// R compares those (fuzz/oracles/l4_abstraction).
#pragma once

#include "fuzz/oracles/finding.hpp"
#include "reference/l4_page_table.hpp"
#include "src/base/attributes.hpp"

namespace pagetwin::fuzz {

class LevelP {
 public:
  using P = reference::L4PageTable;
  // A page as the mapping database sees it.
  struct Seen {
    std::uint64_t va = 0, size = 0, paddr = 0, node = 0;
    Rights rights = Rights::none; // without the user's
  };

  explicit LevelP(const reference::Profile& profile) : model_(profile) {}

  // Init.
  void reset() {
    model_.reset();
    wrong_ = std::nullopt;
  }
  [[nodiscard]] const P& model() const { return model_; }
  // What differed first, since this was asked last.
  [[nodiscard]] Verdict take() { return std::exchange(wrong_, std::nullopt); }

  void createspace(P::N n) { defined(model_.createspace(n), "createspace", 0); }
  void deletespace(P::N n) { defined(model_.deletespace(n), "deletespace", 0); }
  // insert, and the fields that it leaves open.
  void insert(P::N n, const Seen& page, P::PTEName pte);
  void setlinknode(P::N n, P::PTEName pte, P::V va, P::TreeListNodeName node);
  // The page leads nowhere: it was said to lead to `node`, and to begin at va.
  void unlink(P::N n, P::PTEName pte, P::V va, P::TreeListNodeName node);
  void remove(P::N n, P::V va, P::PTESize size);
  void set_rights(P::N n, P::V va, P::PTESize size, Rights rights);
  // Into this many pages of the next smaller size, whose names are in a row: the first, and how far apart.
  struct Row {
    P::PTEName first = 0, step = 0;
    std::size_t count = 0;
  };
  void split(P::N n, P::V va, P::PTESize size, const Row& parts);
  // The parts become one page of this size, with what the first of them said.
  void join(P::N n, P::V va, P::PTESize size, P::PTEName pte);

  // Answers: the page that va is in; the first that meets the range; where the page of a name begins, which
  // leads to `node`.
  void looked_up(P::N n, P::V va, const std::optional<Seen>& answer);
  void looked_for(P::N n, P::V first, P::V last, const std::optional<Seen>& answer);
  void looked_back(P::N n, P::PTEName pte, P::V va, P::TreeListNodeName node);

 private:
  // What is undefined in P nobody may do.
  template <class T>
  void defined(const reference::Defined<T>& done, const char* what, P::V va) {
    expect(done.has_value(), what, va);
  }
  void expect(bool same, const char* what, P::V va) {
    if (!same && !wrong_) [[unlikely]]
      differ(what, va);
  }
  void differ(const char* what, P::V va);
  void set_fields(P::PTEName pte, P::PTESize size, const P::PTE& fields);
  [[nodiscard]] static bool leads(const P::Page* page, P::V va, P::TreeListNodeName node);
  [[nodiscard]] static bool is_seen(const P::Page* page, const std::optional<Seen>& answer);
  // The page of this name that begins at va, or null; and its size, or 0.
  [[nodiscard]] const P::Page* named(P::N n, P::PTEName pte, P::V va) const;
  [[nodiscard]] static P::PTESize size_of(const P::Page* page) { return page != nullptr ? page->size : 0; }

  P model_;
  Verdict wrong_;
  std::vector<P::PTEName> names_;
};

} // namespace pagetwin::fuzz
