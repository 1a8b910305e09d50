// R and wfpt of Tuch and Klein, "Verifying the L4 Virtual Memory Subsystem", sections 4.2 and 4.3, over the
// raw bytes of multi-level tables: what the nodes under a root mean as a page table of level P, and whether
// they are well formed at all (docs/l4.md, "Page tables"). Words are decoded by reference/mmu; it refuses to
// know src/space.
#pragma once

#include "fuzz/oracles/finding.hpp"
#include "fuzz/oracles/observation.hpp"
#include "fuzz/oracles/view.hpp"
#include "reference/l4_page_table.hpp"

namespace pagetwin::fuzz {

// The link words of an arena's descriptors, in the same order, as memory at the same addresses.
[[nodiscard]] inline reference::PhysicalMemory links_beside(const Arena& arena, std::span<std::byte> links) {
  return {reinterpret_cast<unsigned char*>(links.data()), arena.base(), links.size()};
}

class L4Abstraction {
 public:
  using Page = reference::L4PageTable::Page;
  // Where a loop over descriptors ended: a page, nothing, or something that no table of ours holds. link: the
  // word of the page's link node, which stands for MapNode and Vaddr; those two are 0 in `page`.
  struct Seen {
    enum class Is : std::uint8_t { nothing, page, broken } is = Is::nothing;
    Page page{};
    std::uint64_t link = 0;
    const char* why = nullptr; // broken

    [[nodiscard]] bool is_page() const { return is == Is::page; }
  };
  // The nodes of all tables, as the pool knows them.
  struct Pool {
    const Observation* seen;
    std::uint64_t used;
  };

  // links: the link words, each at the address of its descriptor (links_beside).
  L4Abstraction(const View& view, const reference::PhysicalMemory& links) : view_(&view), links_(&links) {}

  // R at (n, v): pt-lookup-f, with what is no PTE hidden.
  [[nodiscard]] Seen lookup(std::uint64_t root, std::uint64_t v) const;
  // Does a page of level P mean the same as what was seen?
  [[nodiscard]] static bool related(const Page& abstract, const Seen& concrete);
  // Is R at an address of a space what level P has there? page: null where there is none; after: an
  // operation.
  struct Place {
    std::uint64_t root;
    unsigned space;
    std::uint64_t va;
  };
  [[nodiscard]] Verdict judge(const Place& at, const Page* page, const char* after) const;
  // Does the format show hardware a PTE with these fields, or does it hide?
  [[nodiscard]] bool shows(const reference::L4PageTable::PTE& fields) const;
  // Has a hole room for the frame?
  [[nodiscard]] bool has_room(std::uint64_t paddr, std::uint64_t size) const {
    return paddr / size >> (view_->mmu->profile().marker_bits - 6) == 0;
  }
  // Nodes on the way to a page that lead to neither neighbour: that many come and go with it.
  [[nodiscard]] unsigned own_nodes(const Page& page, reference::L4PageTable::Neighbours beside) const;

  // wfpt and R of everything: each space's nodes are a tree in the pool, they are all that the pool has given
  // out, and their pages are those of `model`, no more and no less.
  [[nodiscard]] Verdict compare(const reference::L4PageTable& model, const Pool& pool);
  // What compare has met: a node, its slots that are not empty, and those of them that are holes.
  struct Reached {
    std::uint64_t address;
    unsigned used = 0, holes = 0;
  };
  [[nodiscard]] std::span<const Reached> reached() const { return reached_; }

 private:
  struct Node {
    std::uint64_t address, va;
    unsigned level;
  };
  [[nodiscard]] Seen page_in(const Node& node, unsigned index, const reference::Decoded& word) const;
  [[nodiscard]] bool is_whole(const Node& node, unsigned index, const reference::Decoded& word,
                              unsigned copies) const;
  [[nodiscard]] std::uint64_t hidden_size(unsigned level, std::uint64_t word) const;
  [[nodiscard]] std::uint64_t link_at(const Node& node, unsigned index) const {
    return links_->word(view_->slot(node.address, index), view_->mmu->descriptor_bytes());
  }
  [[nodiscard]] reference::Decoded decode(const Node& node, unsigned index) const;
  [[nodiscard]] Node below(const Node& node, unsigned index, std::uint64_t child) const {
    return {child, view_->slot_va(node.va, node.level, index), node.level - 1};
  }

  [[nodiscard]] Verdict enter(const Node& node, const Pool& pool);
  [[nodiscard]] Verdict well_formed(const Node& node, const Pool& pool);
  [[nodiscard]] Verdict slot(const Node& node, unsigned& index, Reached& counts, const Pool& pool);
  [[nodiscard]] Verdict page(const Node& node, unsigned& index, Reached& counts,
                             const reference::Decoded& word);
  [[nodiscard]] Verdict next_page(const Seen& seen);
  [[nodiscard]] Verdict lonely_link(const Node& node, unsigned from, unsigned end) const;
  [[nodiscard]] unsigned first_used(const reference::PhysicalMemory& words, const Node& node, unsigned index,
                                    unsigned end) const;

  const View* view_;
  const reference::PhysicalMemory* links_;
  std::vector<Reached> reached_;
  std::span<const Page> expected_; // of the space that is looked at, what has not been seen yet
};

} // namespace pagetwin::fuzz
