// Level A with units: address spaces whose steps are whole leaves of a table, of all sizes of a format, with
// one status each. Rule: docs/l4.md, all of it.
// It refuses to know single pages, which l4_spaces knows: nothing here goes page by page, so that neither of
// the two can inherit a mistake of the other.
#pragma once

#include "reference/l4_operations.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace reference {

class L4Units final : public L4Operations {
 public:
  // The profile outlives the model.
  explicit L4Units(const Profile& profile) : L4Operations(profile) {}

  [[nodiscard]] std::uint64_t mapped_units() const final { return units_.size(); }

 private:
  friend struct L4Surgeon; // tests make bad states with it

  static constexpr unsigned real = ~0U;
  struct Unit {
    Region place;
    Region source; // of the same size; space `real`: frames
    L4Bits rights = 0, status = 0;

    // Where the unit's part is derived from.
    [[nodiscard]] Region source_of(const Region& part) const {
      return {source.space, source.base + (part.base - place.base), part.size};
    }
  };

  // What is where. Pointers and indices are good until something is split, mapped or removed.
  [[nodiscard]] std::size_t first_from(unsigned space, std::uint64_t va) const; // that ends behind va
  [[nodiscard]] const Unit* first_in(const Region& region) const;
  [[nodiscard]] const Unit* covering(unsigned space, std::uint64_t va) const;
  [[nodiscard]] const Unit* parent_of(const Unit& unit) const {
    return covering(unit.source.space, unit.source.base);
  }
  [[nodiscard]] std::optional<std::uint64_t> frame_of(const Unit& unit) const;

  // "Splitting".
  [[nodiscard]] std::uint64_t next_smaller(std::uint64_t size) const;
  void divide(std::size_t at);
  bool split_to(const Region& part);
  void split_derived();

  // unmap and flush of what is one unit, or a part of one.
  void derive(const Region& part);
  [[nodiscard]] L4Bits status_of_derived() const;
  void split_what_loses(L4Bits mask, bool itself);
  void take(const Region& part, L4Bits mask);
  L4Bits revoke_part(const Region& part, L4Bits mask, bool itself);
  L4Bits revoke(const Region& region, L4Bits mask, bool itself);

  // map and grant of one step.
  [[nodiscard]] std::uint64_t step_size(const Unit& from, const Region& rest, const Region& to) const;
  [[nodiscard]] bool transfer_step(const Region& from, const Region& to, L4Bits mask, bool grants);
  [[nodiscard]] std::uint64_t transfer(const Move& move, bool grants);
  void insert(const Unit& unit);
  using L4Model::note_change;
  void note_change(const Region& place) { note_change(place.space, place.base); }

  void start(std::uint64_t memory) final;
  [[nodiscard]] std::uint64_t map_all(const Move& move) final { return transfer(move, false); }
  [[nodiscard]] std::uint64_t grant_all(const Move& move) final { return transfer(move, true); }
  L4Bits unmap_all(const Region& region, L4Bits mask) final { return revoke(region, mask, false); }
  L4Bits flush_all(const Region& region, L4Bits mask) final { return revoke(region, mask, true); }
  [[nodiscard]] bool is_mapped(const Region& region) const final { return first_in(region) != nullptr; }
  [[nodiscard]] bool join(const Region& region) final;
  [[nodiscard]] bool can_join(std::size_t first, const Region& region) const;
  void add_status(unsigned space, std::uint64_t va, L4Bits bits) final;
  [[nodiscard]] L4Unit answer(const Unit& unit) const;
  [[nodiscard]] std::optional<L4Unit> find_unit(unsigned space, std::uint64_t va) const final;
  void list(unsigned space, std::vector<L4Unit>& units) const final;

  // The theorems.
  [[nodiscard]] unsigned broken_core() const final;
  enum class End : std::uint8_t { real, nowhere, itself };
  [[nodiscard]] End end_of(const Unit& unit) const;
  [[nodiscard]] bool has_its_place_alone(std::size_t at) const;
  [[nodiscard]] bool real_pages_have_one_mapping() const;
  // No parent: Real.
  [[nodiscard]] static bool has_rights_below(const Unit& unit, const Unit* parent);
  [[nodiscard]] static bool is_inside(const Unit& unit, const Unit* parent);

  std::vector<Unit> units_;            // ascending by space and base
  mutable std::vector<Region> frames_; // while theorems are judged
  std::vector<Region> derived_;        // of the operation that runs: the part, and everything derived from it
};

} // namespace reference
