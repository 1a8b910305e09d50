// What both models of the L4 address spaces share, as docs/l4.md says it: the tests of the arguments and
// their order, where the regions of a transfer lie, which spaces exist, and the areas. It refuses to know
// what is mapped: l4_spaces and l4_units do, each in its own way.
#pragma once

#include "reference/l4_model.hpp"
#include "reference/profile.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

namespace reference {

class L4Operations : public L4Model {
 public:
  void reset(unsigned spaces, std::uint64_t memory) final;
  [[nodiscard]] bool exists(unsigned space) const final { return space < exists_.size() && exists_[space]; }
  [[nodiscard]] L4Status create(unsigned space) final;
  [[nodiscard]] L4Status destroy(unsigned space) final;
  [[nodiscard]] L4Transferred map(const L4Transfer& transfer) final;
  [[nodiscard]] L4Transferred grant(const L4Transfer& transfer) override;
  [[nodiscard]] L4Unmapped unmap(unsigned space, L4Flexpage page, L4Bits mask) final;
  [[nodiscard]] L4Unmapped flush(unsigned space, L4Flexpage page, L4Bits mask) final;
  [[nodiscard]] L4Status place(unsigned space, std::uint64_t va, std::uint64_t size, std::uint64_t frame,
                               L4Bits rights) final;
  [[nodiscard]] L4Status merge(unsigned space, std::uint64_t va, std::uint64_t size) final;
  void touch(unsigned space, std::uint64_t va, AccessKind kind) final;
  [[nodiscard]] std::optional<L4Unit> find(unsigned space, std::uint64_t va) const final;
  using L4Model::units;
  void units(unsigned space, std::vector<L4Unit>& to) const final;
  [[nodiscard]] unsigned broken_invariant() const final;

 protected:
  // [base, base + size) of a space. The end may be 2^64.
  struct Region {
    unsigned space = 0;
    std::uint64_t base = 0, size = 0;

    [[nodiscard]] bool covers(std::uint64_t va) const { return va - base < size; }
    // What of it begins at va; va may be its end.
    [[nodiscard]] Region from(std::uint64_t va) const { return {space, va, base + size - va}; }
    // What is left behind the end of another region, which lies behind the base.
    [[nodiscard]] Region behind(const Region& other) const {
      return from(base + std::min(other.base + other.size - base, size));
    }
    [[nodiscard]] bool meets(const Region& other) const {
      return space == other.space && (covers(other.base) || other.covers(base));
    }
    // Regions of powers of two, aligned: the one is inside the other when it begins there and is no larger.
    [[nodiscard]] bool contains(const Region& other) const {
      return space == other.space && covers(other.base) && other.size <= size;
    }
    bool operator==(const Region&) const = default;
  };
  // A transfer whose arguments are good: two regions of one size.
  struct Move {
    Region from, to;
    L4Bits mask = 0;

    [[nodiscard]] std::uint64_t destination(std::uint64_t va) const { return to.base + (va - from.base); }
  };

  explicit L4Operations(const Profile& profile) : profile_(&profile) {}

  // The cores. Arguments are good, and nothing fails.
  virtual void start(std::uint64_t memory) = 0;
  [[nodiscard]] virtual std::uint64_t map_all(const Move& move) = 0;
  [[nodiscard]] virtual std::uint64_t grant_all(const Move& move) = 0;
  virtual L4Bits unmap_all(const Region& region, L4Bits mask) = 0;
  virtual L4Bits flush_all(const Region& region, L4Bits mask) = 0;
  [[nodiscard]] virtual bool is_mapped(const Region& region) const = 0;
  // The first unit of the region becomes one as large as the region, or is so already; else nothing changes.
  [[nodiscard]] virtual bool join(const Region& region) = 0;
  virtual void add_status(unsigned space, std::uint64_t va, L4Bits bits) = 0;
  [[nodiscard]] virtual std::optional<L4Unit> find_unit(unsigned space, std::uint64_t va) const = 0;
  virtual void list(unsigned space, std::vector<L4Unit>& units) const = 0;
  // The first of the invariants 1 to 6 that is false, or 0.
  [[nodiscard]] virtual unsigned broken_core() const = 0;

  [[nodiscard]] const Profile& profile() const { return *profile_; }
  [[nodiscard]] std::uint64_t page() const { return profile_->sizes.front(); }
  // The area that meets the region and begins first.
  [[nodiscard]] const L4Unit* area_in(const Region& region) const;
  // Part of invariant 3.
  [[nodiscard]] bool areas_are_no_units() const;
  // Of all arguments but whether the spaces exist.
  [[nodiscard]] L4Status transfer_status(const L4Transfer& transfer) const;
  [[nodiscard]] static Move meet(const L4Transfer& transfer);

 private:
  friend struct L4Surgeon; // tests make bad states with it

  struct Area {
    unsigned space = 0;
    L4Unit unit;

    [[nodiscard]] Region region() const { return {space, unit.base, unit.size}; }
    bool operator==(const Area&) const = default;
  };

  [[nodiscard]] L4Status flexpage_status(const L4Flexpage& page) const;
  [[nodiscard]] L4Status size_status(std::uint64_t va, std::uint64_t pa, std::uint64_t size) const;
  [[nodiscard]] L4Status revocation_status(unsigned space, const L4Flexpage& page, L4Bits mask) const;
  [[nodiscard]] bool is_expressible(L4Bits rights) const;
  [[nodiscard]] L4Status spaces_and_transfer(const L4Transfer& transfer) const;

  const Profile* profile_;
  std::vector<bool> exists_;
  std::vector<Area> areas_;  // ascending by space and base
  std::vector<Area> placed_; // what place said, for the last invariant
};

} // namespace reference
