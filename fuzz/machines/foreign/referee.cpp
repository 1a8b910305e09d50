#include "fuzz/machines/foreign/referee.hpp"

#include "fuzz/machines/foreign/expectation.hpp"

#include <algorithm>
#include <cstring>

namespace pagetwin::fuzz {

namespace {

using emulators::Answer;
using emulators::Expected;
using emulators::Probe;
using Hex = unsigned long long;

std::string show_words(const Expected& expected, unsigned levels) {
  std::string text;
  for (unsigned i = 0; i < expected.words_count; ++i)
    text += format("  level %u: %#llx\n", levels - 1 - i, Hex{expected.words[i]});
  return text;
}

const char* state(bool damaged) { return damaged ? " (damaged on purpose)" : ""; }

// Which part of an answer differs.
std::string difference(const Expected& expected, const Answer& answer) {
  if (expected.outcome != answer.outcome)
    return std::string(to_text(answer.outcome)) + " instead of " + to_text(expected.outcome);
  return expected.outcome == emulators::Outcome::ok ? "another address" : "another level";
}

reference::PhysicalMemory memory_of(std::span<std::byte> bytes, std::uint64_t base) {
  return {reinterpret_cast<unsigned char*>(bytes.data()), base, bytes.size()};
}

} // namespace

Verdict Referee::judge(const Batch& batch) {
  ours_.assign(batch.bytes.begin(), batch.bytes.end());
  before_ = theirs_ = ours_;
  choose(batch);
  answers_.assign(probes_.size(), emulators::not_judged);
  oracle_->emulator->walk(batch.view->mmu->profile().name, {batch.base, theirs_, batch.root}, probes_,
                          answers_);
  Verdict first;
  for (std::size_t i = 0; i < probes_.size(); ++i)
    keep_first(first, judge_one(batch, probes_[i], answers_[i]));
  keep_first(first, compare_bytes(batch));
  return first;
}

// A walk that leaves the memory ends in what no manual says.
void Referee::choose(const Batch& batch) {
  probes_.clear();
  for (const Probe& probe : batch.probes)
    if (expectation(batch.view->mmu->walk(memory_of(ours_, batch.base), batch.root, probe.address,
                                          access_of(probe), batch.view->mode)))
      probes_.push_back(probe);
  tally_->not_judged += batch.probes.size() - probes_.size();
}

// The reference's turn: what the oracle could not ask left no mark, and must leave none here.
Verdict Referee::judge_one(const Batch& batch, const Probe& probe, const Answer& answer) {
  if (answer.outcome == emulators::Outcome::not_judged) {
    ++tally_->not_judged;
    return std::nullopt;
  }
  ++tally_->probes;
  tally_->damaged += batch.damaged ? 1 : 0;
  const auto expected = expectation(batch.view->mmu->access(
      memory_of(ours_, batch.base), batch.root, probe.address, access_of(probe), batch.view->mode));
  return expected ? compare(batch, probe, *expected, answer) : std::nullopt;
}

Verdict Referee::compare(const Batch& batch, const Probe& probe, const Expected& expected,
                         const Answer& answer) {
  const reference::Mmu& mmu = *batch.view->mmu;
  if (agree(expected, answer))
    return std::nullopt;
  const auto& known = oracle_->deviations;
  const auto found = std::ranges::find_if(known, [&](const emulators::Deviation& d) {
    return d.explains(mmu.profile().name, probe, expected, answer);
  });
  if (found != known.end()) {
    ++tally_->by_deviation[static_cast<std::size_t>(found - known.begin())];
    return std::nullopt;
  }
  ++tally_->unexplained;
  const std::string what = to_text(probe) + ": " + difference(expected, answer);
  return finding(name().c_str(), probe.address, what + state(batch.damaged),
                 std::string(mmu.profile().name)
                     + format(", %s at %#llx%s", what.c_str(), Hex{probe.address}, state(batch.damaged)),
                 format("%-10s", name().c_str()) + to_text(answer) + "\nreference " + to_text(expected)
                     + "\nfrom the root down:\n" + show_words(expected, mmu.levels()));
}

// Where the bytes differ, they are descriptors, unless the MMU wrote somewhere else.
Verdict Referee::compare_bytes(const Batch& batch) {
  if (!oracle_->emulator->writes_back() || ours_ == theirs_)
    return std::nullopt;
  View view = *batch.view;
  view.memory = memory_of(ours_, batch.base);
  survey_.read(view, batch.root, 0);
  const reference::PhysicalMemory before = memory_of(before_, batch.base),
                                  theirs = memory_of(theirs_, batch.base);
  const unsigned word_bytes = view.mmu->descriptor_bytes();
  Verdict first;
  for (std::uint64_t slot = batch.base; view.memory.contains(slot, word_bytes); slot += word_bytes) {
    const std::uint64_t expected = view.memory.word(slot, word_bytes), found = theirs.word(slot, word_bytes);
    if (expected == found)
      continue;
    const unsigned level = survey_.level_at(slot).value_or(view.mmu->levels()); // no node: above the root
    keep_first(first, compare_word(batch, slot,
                                   {level, before.word(slot, word_bytes), expected, found, batch.damaged}));
  }
  return first;
}

Verdict Referee::compare_word(const Batch& batch, std::uint64_t slot,
                              const emulators::WordDifference& difference) {
  const char* format_name = batch.view->mmu->profile().name;
  const auto& known = oracle_->word_deviations;
  const auto explanation = std::ranges::find_if(
      known, [&](const emulators::WordDeviation& d) { return d.explains(format_name, difference); });
  if (explanation != known.end()) {
    ++tally_->by_word_deviation[static_cast<std::size_t>(explanation - known.begin())];
    return std::nullopt;
  }
  ++tally_->unexplained;
  return finding(name().c_str(), slot,
                 format("level %u bits %#llx written back%s", difference.level,
                        Hex{difference.expected ^ difference.found}, state(batch.damaged)),
                 format("%s, the descriptor at %#llx is left as another word%s", format_name, Hex{slot},
                        state(batch.damaged)),
                 format("before     %#llx\n%-10s %#llx\nreference  %#llx", Hex{difference.before},
                        name().c_str(), Hex{difference.found}, Hex{difference.expected}));
}

} // namespace pagetwin::fuzz
