#include "fuzz/machines/foreign/survey.hpp"

#include "fuzz/emulators/each_once.hpp"
#include "fuzz/twin/rng.hpp"

#include <algorithm>
#include <cstring>

namespace pagetwin::fuzz {

namespace {

using emulators::Kind;

constexpr unsigned anywhere = 16;
constexpr std::array kinds{Kind::read, Kind::write, Kind::execute};

} // namespace

std::uint64_t Survey::chance(std::uint64_t of, std::uint64_t about) const {
  return twin::Rng(twin::Rng(of ^ about << 56U).next() ^ salt_).next();
}

void Survey::read(const View& view, std::uint64_t root, std::uint64_t salt) {
  salt_ = salt;
  places_.clear();
  addresses_.clear();
  nodes_.clear();
  add_node(view, root, view.mmu->levels() - 1);
  const auto sink = [&](const reference::Slot& slot) {
    if (slot.decoded.kind == reference::SlotKind::table && slot.level > 0)
      add_node(view, slot.decoded.address, slot.level - 1);
    add_places(view, slot);
  };
  (void)reference::for_each_slot(view.memory, root, *view.mmu, view.mode, sink);
  add_anywhere(view);
  emulators::keep_each_once(addresses_);
}

void Survey::add_node(const View& view, std::uint64_t node, unsigned level) {
  const std::uint64_t bytes = view.mmu->node_bytes(level);
  if (view.memory.contains(node, bytes)) // a damaged word leads anywhere
    nodes_.push_back({node, bytes, level});
}

// Of a group each copy is a place, as a walker reads the one of its address; a run of leaves is one.
void Survey::add_places(const View& view, const reference::Slot& slot) {
  const unsigned word_bytes = view.mmu->descriptor_bytes(), places = slot.decoded.copies > 1 ? slot.count : 1;
  const std::uint64_t bytes = view.mmu->span(slot.level) * (slot.count / places);
  for (unsigned i = 0; i < places; ++i) {
    const std::uint64_t at = slot.address + std::uint64_t{i} * word_bytes;
    places_.push_back({at, view.memory.load(at, word_bytes).value_or(slot.raw), slot.level});
    add_edges(view, slot.va + i * bytes, bytes);
  }
}

void Survey::copy_nodes(const View& view, std::vector<std::byte>& to) const {
  const std::uint64_t base = view.memory.pa_base;
  std::uint64_t end = base;
  for (const Node& node : nodes_)
    end = std::max(end, node.first + node.bytes);
  to.assign(end - base, std::byte{0});
  for (const Node& node : nodes_)
    std::memcpy(&to[node.first - base], view.memory.base + (node.first - base), node.bytes);
}

std::optional<unsigned> Survey::level_at(std::uint64_t slot) const {
  const auto found =
      std::ranges::find_if(nodes_, [slot](const Node& node) { return slot - node.first < node.bytes; });
  return found == nodes_.end() ? std::nullopt : std::optional(found->level);
}

void Survey::add_edges(const View& view, std::uint64_t first, std::uint64_t bytes) {
  const std::uint64_t last = first + (bytes - 1), within = first + chance(first, 0) % bytes;
  for (const std::uint64_t address : {first - 1, first, within, last, last + 1})
    addresses_.push_back(view.canonical(address));
}

// The ends of what the format translates, one beyond, and places that nobody has chosen.
void Survey::add_anywhere(const View& view) {
  const reference::Profile& profile = view.mmu->profile();
  const std::uint64_t top = std::uint64_t{1}
                            << (profile.sign_extended ? profile.va_bits - 1 : profile.va_bits);
  for (const std::uint64_t address :
       {std::uint64_t{0}, top - 1, top, 0 - top, 0 - top - 1, ~std::uint64_t{0}})
    addresses_.push_back(address);
  std::uint64_t all = 0;
  for (const Place& place : places_)
    all = chance(all ^ place.raw, place.level);
  twin::Rng rng(all);
  for (unsigned i = 0; i < anywhere; ++i)
    addresses_.push_back(view.canonical(rng.next() & ((std::uint64_t{1} << profile.va_bits) - 1)));
}

void Survey::choose(std::vector<emulators::Probe>& to, std::size_t most) const {
  const std::size_t all = addresses_.size() * kinds.size() * 2;
  to.clear();
  for (const std::uint64_t address : addresses_)
    for (const Kind kind : kinds)
      for (const bool user : {false, true})
        if (all <= most || chance(address, 1 + 2 * static_cast<unsigned>(kind) + unsigned{user}) % all < most)
          to.push_back({address, kind, user});
}

} // namespace pagetwin::fuzz
