// The page-table ADT of Tuch and Klein, "Verifying the L4 Virtual Memory Subsystem", section 4.1, in its own
// names, with remove, split and deletespace, which the paper does not have: docs/l4.md, "Page tables", level
// P. Every page has a PTE in a heap. It refuses to know nodes, levels and descriptors: a name is a number
// that says nothing. Addresses and sizes are in bytes.
#pragma once

#include "reference/profile.hpp"

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace reference {

// An operation whose precondition is false is undefined: it answers nothing, and the state stays.
template <class T>
using Defined = std::optional<T>;

class L4PageTable {
 public:
  using N = std::uint64_t;                // a space
  using V = std::uint64_t;                // a virtual address
  using R = std::uint64_t;                // a physical address
  using PTEName = std::uint64_t;          // where a PTE is in the heap
  using PTESize = std::uint64_t;          // one of the profile's sizes
  using TreeListNodeName = std::uint64_t; // a node of the mapping database

  struct PTE {
    std::uint64_t Paddr = 0;
    bool R = false, W = false, X = false, Cached = false;
    TreeListNodeName MapNode = 0;
    V Vaddr = 0;

    bool operator==(const PTE&) const = default;
  };
  struct Found {
    PTEName pte = 0;
    PTESize size = 0;

    bool operator==(const Found&) const = default;
  };
  struct RLookup {
    std::optional<Found> page;

    bool operator==(const RLookup&) const = default;
  };
  struct RInsert {
    std::optional<Found> page;

    bool operator==(const RInsert&) const = default;
  };
  struct RSetPaddr {};
  struct RSetField {};
  struct RSetLinkNode {}; // the paper prints RSetPaddr
  struct RRemove {};
  struct RSplit {};
  struct RDeleteSpace {};

  // What (n, v) maps to, for all v of the page: base is the first of them.
  struct Page {
    V base = 0;
    PTESize size = 0;
    PTEName pte = 0;
    PTE fields;

    [[nodiscard]] V last() const { return base + (size - 1); }
  };

  explicit L4PageTable(const Profile& profile) : profile_(&profile) {}
  L4PageTable(const L4PageTable&) = delete; // it remembers where a page of its own is
  L4PageTable& operator=(const L4PageTable&) = delete;
  // Init: no space is active, nothing is mapped.
  void reset();

  // The paper chooses a fresh name without saying which. Here the caller says which it was, and one that is
  // in use is none that could have been chosen.
  [[nodiscard]] Defined<N> createspace(N fresh);
  [[nodiscard]] Defined<RLookup> lookup(N n, V v) const;
  [[nodiscard]] Defined<RInsert> insert(N n, V v, PTESize size, PTEName fresh);

  [[nodiscard]] Defined<R> getpaddr(PTEName pte, PTESize size) const;
  [[nodiscard]] Defined<bool> getR(PTEName pte, PTESize size) const { return get(pte, size, &PTE::R); }
  [[nodiscard]] Defined<bool> getW(PTEName pte, PTESize size) const { return get(pte, size, &PTE::W); }
  [[nodiscard]] Defined<bool> getX(PTEName pte, PTESize size) const { return get(pte, size, &PTE::X); }
  [[nodiscard]] Defined<bool> getCached(PTEName pte, PTESize size) const {
    return get(pte, size, &PTE::Cached);
  }
  // Paddr is one of R that a page of this size can have: aligned to it, within the physical width.
  [[nodiscard]] Defined<RSetPaddr> setpaddr(PTEName pte, R paddr, PTESize size);
  [[nodiscard]] Defined<RSetField> setR(PTEName pte, bool on, PTESize size) {
    return set(pte, size, &PTE::R, on);
  }
  [[nodiscard]] Defined<RSetField> setW(PTEName pte, bool on, PTESize size) {
    return set(pte, size, &PTE::W, on);
  }
  [[nodiscard]] Defined<RSetField> setX(PTEName pte, bool on, PTESize size) {
    return set(pte, size, &PTE::X, on);
  }
  [[nodiscard]] Defined<RSetField> setCached(PTEName pte, bool on, PTESize size) {
    return set(pte, size, &PTE::Cached, on);
  }
  [[nodiscard]] Defined<RSetLinkNode> setlinknode(PTEName pte, TreeListNodeName m, V v, PTESize size);
  [[nodiscard]] Defined<TreeListNodeName> getmapnode(PTEName pte, V v, PTESize size) const;

  // (n, v) maps to a PTE of this size: its page set becomes unmapped.
  [[nodiscard]] Defined<RRemove> remove(N n, V v, PTESize size);
  // The same; not the smallest size. Pages of the next smaller size with the same fields and consecutive
  // frames take its place. fresh: a name for each, ascending in both; that of the page that goes may be among
  // them.
  [[nodiscard]] Defined<RSplit> split(N n, V v, PTESize size, std::span<const PTEName> fresh);

  // n is active: it is so no more, and its pages are gone.
  [[nodiscard]] Defined<RDeleteSpace> deletespace(N n);

  // Is lookup defined?
  [[nodiscard]] bool has_lookup(N n, V v) const { return is_active(n) && is_canonical(*profile_, v); }
  // Is an address of the page set mapped? The space is active.
  [[nodiscard]] bool conflict(N n, V v, PTESize size) const { return conflict(*space(n), v, size); }
  // Pt |-p p: is the name in use?
  [[nodiscard]] bool is_used(PTEName pte) const;
  [[nodiscard]] bool is_active(N n) const { return space(n) != nullptr; }
  [[nodiscard]] std::size_t space_count() const { return count_; }
  [[nodiscard]] N name(std::size_t i) const { return spaces_[i].n; }
  // All pages of an active space, ascending.
  [[nodiscard]] std::span<const Page> pages(N n) const;
  // Of them, the one that v is in.
  [[nodiscard]] const Page* page_at(N n, V v) const;
  // Those that are nearest to v on both sides and that it is not in.
  struct Neighbours {
    const Page *below = nullptr, *above = nullptr;
  };
  [[nodiscard]] Neighbours neighbours(N n, V v) const;

 private:
  struct Space {
    N n = 0;
    std::vector<Page> pages;
  };
  // What makes the heap a function of names: where the page of a name is.
  struct Name {
    PTEName pte = 0;
    N n = 0;
    V base = 0;
  };

  [[nodiscard]] static V first_of(V v, PTESize size) { return v & ~(size - 1); }
  [[nodiscard]] const Space* space(N n) const;
  [[nodiscard]] Space* space(N n);
  [[nodiscard]] static std::size_t first_from(const Space& s, V v);
  [[nodiscard]] static bool conflict(const Space& s, V v, PTESize size);
  [[nodiscard]] static RInsert insert_result(const Space& s, V v, PTESize size);
  // Pt |-p p, ps: the page of that pair, or nothing.
  [[nodiscard]] const Page* image(PTEName pte, PTESize size) const;
  [[nodiscard]] Page* image(PTEName pte, PTESize size);
  [[nodiscard]] Defined<bool> get(PTEName pte, PTESize size, bool PTE::* field) const;
  [[nodiscard]] Defined<RSetField> set(PTEName pte, PTESize size, bool PTE::* field, bool on);
  // The page of this size at (n, v), by its place in the space, or nothing.
  [[nodiscard]] static std::optional<std::size_t> page_of(const Space* s, V v, PTESize size);
  [[nodiscard]] bool are_unused(std::span<const PTEName> fresh, PTEName but) const;
  [[nodiscard]] std::size_t name_from(PTEName pte) const; // the first that is not below it
  void use(const Name& name);
  void free(PTEName pte);

  const Profile* profile_;
  std::vector<Space> spaces_; // the first count_ of them
  std::size_t count_ = 0;
  std::vector<Name> names_;            // ascending: those of all pages of all spaces
  mutable const Page* last_ = nullptr; // that was asked for last, until a page comes or goes
  mutable N last_of_ = 0;              // whose it is
  std::vector<Page> parts_;
};

} // namespace reference
