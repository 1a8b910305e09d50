// TLB truth: one operation is made before the eyes of a foreign MMU that keeps its TLB. What it sees in the
// end, when every invalidation that the table issued was executed, must be what the reference walks; so must
// what no invalidation covers, at once. Before that the old translation is allowed: how often it was seen is
// counted, as evidence that there was something to forget. A flag that the operation cleared is set again by
// the next access, or that access was made through what should be forgotten. It refuses to know any format's
// bits.
#pragma once

#include "fuzz/machines/foreign/scene.hpp"
#include "fuzz/machines/foreign/tally.hpp"
#include "fuzz/oracles/finding.hpp"

namespace pagetwin::fuzz {

class Shootdown {
 public:
  Shootdown(const emulators::Oracle& oracle, TlbTally& tally) : oracle_(&oracle), tally_(&tally) {}

  // Whether the oracle has a TLB to show for the format.
  [[nodiscard]] bool watches(const View& view) const;
  // Counts everything, and tells the first access that is wrong. Nothing where there is no TLB to show.
  [[nodiscard]] Verdict judge(const Scene& scene, View view);

 private:
  // What an access should meet before and after, and the flags of the leaf that it meets.
  struct Meeting {
    emulators::Expected expected;
    reference::Flags flags;
  };
  struct Expectation {
    Meeting before, after;
  };
  [[nodiscard]] static std::optional<Meeting> meeting(const View& view, std::uint64_t root,
                                                      const emulators::Probe& probe);
  void choose(const Scene& scene, const View& before, const View& after);
  [[nodiscard]] Verdict compare(const Scene& scene, const View& view, std::size_t i);
  [[nodiscard]] bool loses_a_flag(const Scene& scene, const View& left, std::size_t i) const;
  [[nodiscard]] bool same(const View& view, const emulators::Probe& probe,
                          const emulators::Expected& expected, const emulators::Answer& answer) const;
  [[nodiscard]] Verdict wrong(const Scene& scene, const View& view, std::size_t i, const char* what);

  const emulators::Oracle* oracle_;
  TlbTally* tally_;
  std::vector<std::byte> before_, after_;
  std::vector<emulators::Access> accesses_;
  std::vector<Expectation> expected_;
  std::vector<emulators::Sight> sights_;
};

} // namespace pagetwin::fuzz
