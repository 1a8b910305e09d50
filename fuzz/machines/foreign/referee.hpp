// One batch of probes over the same bytes: by the reference's walker and by a foreign MMU. Answers and the
// bytes that are left must be equal, or a known deviation of the oracle must explain the difference. It
// refuses to choose probes, and to know any format's bits.
#pragma once

#include "fuzz/machines/foreign/survey.hpp"
#include "fuzz/machines/foreign/tally.hpp"
#include "fuzz/oracles/finding.hpp"

namespace pagetwin::fuzz {

class Referee {
 public:
  Referee(const emulators::Oracle& oracle, Tally& tally) : oracle_(&oracle), tally_(&tally) {}

  struct Batch {
    const View* view; // walker and mode; its memory is not used
    std::uint64_t base, root;
    std::span<const std::byte> bytes;
    std::span<const emulators::Probe> probes;
    bool damaged;
  };
  // Counts everything, and tells the first difference that nothing explains.
  [[nodiscard]] Verdict judge(const Batch& batch);

 private:
  void choose(const Batch& batch);
  [[nodiscard]] Verdict judge_one(const Batch& batch, const emulators::Probe& probe,
                                  const emulators::Answer& answer);
  [[nodiscard]] Verdict compare(const Batch& batch, const emulators::Probe& probe,
                                const emulators::Expected& expected, const emulators::Answer& answer);
  [[nodiscard]] Verdict compare_bytes(const Batch& batch);
  [[nodiscard]] Verdict compare_word(const Batch& batch, std::uint64_t slot,
                                     const emulators::WordDifference& difference);
  [[nodiscard]] std::string name() const { return std::string(oracle_->emulator->name()); }

  const emulators::Oracle* oracle_;
  Tally* tally_;
  std::vector<std::byte> before_, ours_, theirs_;
  std::vector<emulators::Probe> probes_;
  std::vector<emulators::Answer> answers_;
  Survey survey_; // of what the reference left
};

} // namespace pagetwin::fuzz
