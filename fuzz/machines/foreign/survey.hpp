// What there is to ask about a table: its slots, as the reference reads them, how far its nodes reach, and
// probes around everything that it holds. All follows from the table's bytes and a salt, so that a program is
// always asked the same. It refuses to know what the answers are.
#pragma once

#include "fuzz/emulators/emulator.hpp"
#include "fuzz/oracles/view.hpp"
#include "reference/mmu/enumerate.hpp"

#include <vector>

namespace pagetwin::fuzz {

class Survey {
 public:
  struct Place {
    std::uint64_t slot, raw;
    unsigned level;
  };

  // Forgets the last table.
  void read(const View& view, std::uint64_t root, std::uint64_t salt);

  // Chance that stays the same for the same thing of all programs with this salt: what remains of a program
  // that is minimised meets the same.
  [[nodiscard]] std::uint64_t chance(std::uint64_t of, std::uint64_t about) const;

  // Every word that is not zero, in no order; of a run of leaves over consecutive frames, which are no copies
  // of one, the first.
  [[nodiscard]] const std::vector<Place>& places() const { return places_; }
  // What choose() chooses from, ascending.
  [[nodiscard]] const std::vector<std::uint64_t>& addresses() const { return addresses_; }
  // All nodes at their places, from the start of the memory on; what lies between them is zero here, as only
  // the table's own nodes are its business.
  void copy_nodes(const View& view, std::vector<std::byte>& to) const;
  // Of the node that a slot is in; nothing where there is none.
  [[nodiscard]] std::optional<unsigned> level_at(std::uint64_t slot) const;
  // Both ends of whatever is mapped, of tables and of markers, what is beside them, something within, and
  // some addresses anywhere; each for every kind of access. About `most`, chosen evenly, if there are more.
  void choose(std::vector<emulators::Probe>& to, std::size_t most) const;

 private:
  struct Node {
    std::uint64_t first, bytes;
    unsigned level;
  };
  void add_node(const View& view, std::uint64_t node, unsigned level);
  void add_places(const View& view, const reference::Slot& slot);
  void add_edges(const View& view, std::uint64_t first, std::uint64_t bytes);
  void add_anywhere(const View& view);

  std::vector<Place> places_;
  std::vector<std::uint64_t> addresses_;
  std::vector<Node> nodes_;
  std::uint64_t salt_ = 0;
};

} // namespace pagetwin::fuzz
