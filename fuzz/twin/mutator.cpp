// See mutator.hpp. All mutations work on work_, whose whole units starts_ lists; what does not fit is cut off
// at the end.
#include "fuzz/twin/mutator.hpp"

#include "fuzz/twin/record.hpp"
#include "fuzz/twin/swarm.hpp"

#include <algorithm>
#include <bit>

namespace pagetwin::twin {
namespace {

constexpr std::uint64_t raw_mutation_rate = 32; // one in so many goes to the mutator of bytes
// One in so many continues with the swarm. Without it the hardest planted bugs took 4 to 8 times as long to
// find, and programs were as short as coverage allows.
constexpr std::uint64_t swarm_rate = 2;
constexpr std::size_t longest_swarm = 32;
constexpr std::uint64_t most_at_once = 4;
constexpr std::size_t longest_run = 8;
constexpr std::uint8_t kind_mask = 0x1F;

std::ptrdiff_t distance(std::size_t at) { return static_cast<std::ptrdiff_t>(at); }

} // namespace

Mutator::Mutator(const Schema& schema, RawMutator raw) : schema_(&schema), raw_(raw) {
  for (std::size_t i = 0; i < schema.verbs.size(); ++i)
    verbs_.add(static_cast<std::uint8_t>(i), schema.verbs[i].weight);
}

std::size_t Mutator::mutate(std::span<std::uint8_t> buffer, std::size_t size, std::uint64_t seed) {
  Rng rng(seed);
  size = std::min(size, buffer.size());
  if (raw_ != nullptr && rng.one_in(raw_mutation_rate))
    return raw_(buffer.data(), size, buffer.size());
  load(buffer.first(size));
  if (rng.one_in(swarm_rate)) {
    swarm_on(rng, buffer.size());
    return store(buffer);
  }
  for (std::uint64_t left = 1 + rng.below(most_at_once); left > 0; --left)
    mutate_once(rng);
  return store(buffer);
}

// A program of the swarm, or the beginning of what is there and operations of the swarm after it, as many as
// fit.
void Mutator::swarm_on(Rng& rng, std::size_t capacity) {
  const std::size_t keep = rng.one_in(2) ? 0 : starts_[rng.below(starts_.size())];
  const std::size_t room = (capacity - std::min(capacity, std::max(keep, record_bytes))) / record_bytes;
  const Bytes more = swarm_program(*schema_, rng.next(), std::min(room, longest_swarm));
  work_.resize(keep);
  work_.insert(work_.end(), more.begin() + distance(keep == 0 ? 0 : record_bytes), more.end());
}

std::size_t Mutator::cross_over(std::span<const std::uint8_t> one, std::span<const std::uint8_t> other,
                                std::span<std::uint8_t> to, std::uint64_t seed) {
  Rng rng(seed);
  load(other);
  const Run run = choose_run(rng, units());
  piece_.assign(work_.begin() + distance(run.begin), work_.begin() + distance(run.end));
  load(one);
  const std::size_t at = starts_[rng.below(starts_.size())];
  const std::size_t end = rng.one_in(2) ? at : std::min(at + piece_.size(), work_.size());
  const auto place = work_.erase(work_.begin() + distance(at), work_.begin() + distance(end));
  work_.insert(place, piece_.begin(), piece_.end());
  return store(to);
}

void Mutator::load(std::span<const std::uint8_t> bytes) {
  work_.assign(bytes.begin(), bytes.end());
  const bool no_header = work_.size() < record_bytes;
  work_.resize(std::max(work_.size() / record_bytes, std::size_t{1}) * record_bytes);
  if (no_header)
    work_[0] = codec_version;
  find_units();
}

void Mutator::find_units() {
  starts_.clear();
  std::size_t at = unit_length(work_);
  for (; at < work_.size(); at += unit_length(std::span(work_).subspan(at)))
    starts_.push_back(at);
  starts_.push_back(at);
}

std::size_t Mutator::store(std::span<std::uint8_t> to) const {
  const std::size_t size = std::min(work_.size(), to.size());
  std::copy_n(work_.begin(), size, to.begin());
  return size;
}

Mutator::Run Mutator::choose_run(Rng& rng, std::size_t longest) const {
  const std::size_t first = rng.below(units());
  const std::size_t count = units() == 0 ? 0 : 1 + rng.below(std::min(longest, units() - first));
  return {starts_[first], starts_[first + count]};
}

void Mutator::mutate_once(Rng& rng) {
  using Mutation = void (Mutator::*)(Rng&);
  // As often as it is listed.
  static constexpr std::array<Mutation, 24> mutations{
      &Mutator::insert_record,   &Mutator::insert_record,   &Mutator::insert_record,
      &Mutator::remove_run,      &Mutator::remove_run,      &Mutator::duplicate_run,
      &Mutator::duplicate_run,   &Mutator::move_run,        &Mutator::swap_records,
      &Mutator::change_verb,     &Mutator::change_verb,     &Mutator::change_selector,
      &Mutator::change_selector, &Mutator::change_selector, &Mutator::change_selector,
      &Mutator::change_selector, &Mutator::change_selector, &Mutator::change_selector,
      &Mutator::change_selector, &Mutator::change_literal,  &Mutator::change_header,
      &Mutator::repeat_region,   &Mutator::repeat_region,   &Mutator::repeat_region};
  const bool nothing_to_change = units() == 0;
  const Mutation mutation =
      nothing_to_change ? &Mutator::insert_record : mutations[rng.below(mutations.size())];
  (this->*mutation)(rng);
  find_units();
}

void Mutator::insert_record(Rng& rng) {
  std::array<std::uint8_t, record_bytes> record{verbs_.roll(rng)};
  for (std::size_t field = 0; field < max_fields; ++field)
    set_selector(record.data(), field, next_selector(rng, rng.bits16(), field));
  work_.insert(work_.begin() + distance(starts_[rng.below(starts_.size())]), record.begin(), record.end());
}

void Mutator::remove_run(Rng& rng) {
  const Run run = choose_run(rng, rng.one_in(4) ? longest_run : 1);
  work_.erase(work_.begin() + distance(run.begin), work_.begin() + distance(run.end));
}

void Mutator::duplicate_run(Rng& rng) {
  const Run run = choose_run(rng, longest_run);
  piece_.assign(work_.begin() + distance(run.begin), work_.begin() + distance(run.end));
  const std::size_t at = starts_[rng.below(starts_.size())];
  work_.insert(work_.begin() + distance(at), piece_.begin(), piece_.end());
}

void Mutator::move_run(Rng& rng) {
  const Run run = choose_run(rng, longest_run);
  piece_.assign(work_.begin() + distance(run.begin), work_.begin() + distance(run.end));
  work_.erase(work_.begin() + distance(run.begin), work_.begin() + distance(run.end));
  find_units();
  const std::size_t at = starts_[rng.below(starts_.size())];
  work_.insert(work_.begin() + distance(at), piece_.begin(), piece_.end());
}

void Mutator::swap_records(Rng& rng) {
  const Run one = choose_run(rng, 1);
  const Run other = choose_run(rng, 1);
  if (one.begin != other.begin && one.end - one.begin == other.end - other.begin)
    std::swap_ranges(work_.begin() + distance(one.begin), work_.begin() + distance(one.end),
                     work_.begin() + distance(other.begin));
}

void Mutator::change_verb(Rng& rng) {
  std::uint8_t& kind = work_[starts_[rng.below(units())]];
  kind = static_cast<std::uint8_t>((kind & ~kind_mask) | verbs_.roll(rng));
}

void Mutator::change_selector(Rng& rng) {
  std::uint8_t* record = &work_[starts_[rng.below(units())]];
  const std::size_t field = random_field(rng, record[0]);
  set_selector(record, field, next_selector(rng, get_selector(record, field), field));
}

// A bit or a little more or less of one of the numbers that follow a literal record.
void Mutator::change_literal(Rng& rng) {
  const Run unit = choose_run(rng, 1);
  const std::size_t numbers = (unit.end - unit.begin) / 8 - record_bytes / 8;
  if (numbers == 0)
    return change_selector(rng);
  std::uint8_t& byte = work_[unit.begin + record_bytes + rng.below(numbers * 8)];
  byte = static_cast<std::uint8_t>(rng.one_in(2) ? byte ^ (1U << rng.below(8))
                                                 : byte + (rng.one_in(2) ? 1U : 255U));
}

void Mutator::change_header(Rng& rng) {
  const std::size_t field = rng.below(max_fields);
  set_selector(work_.data(), field, rng.bits16());
}

// Another verb on what an operation worked on, right after it.
void Mutator::repeat_region(Rng& rng) {
  const Run unit = choose_run(rng, 1);
  piece_.assign(work_.begin() + distance(unit.begin), work_.begin() + distance(unit.end));
  piece_[0] = static_cast<std::uint8_t>((piece_[0] & ~kind_mask) | verbs_.roll(rng));
  work_.insert(work_.begin() + distance(unit.end), piece_.begin(), piece_.end());
}

// One that the verb uses, as changing another changes nothing.
std::size_t Mutator::random_field(Rng& rng, std::uint8_t kind) const {
  if (schema_->verbs.empty())
    return 0;
  unsigned fields = schema_->verbs[(kind & kind_mask) % schema_->verbs.size()].fields;
  for (auto skip = rng.below(static_cast<std::uint64_t>(std::popcount(fields))); skip > 0; --skip)
    fields &= fields - 1;
  return fields == 0 ? 0 : static_cast<std::size_t>(std::countr_zero(fields));
}

std::uint16_t Mutator::next_selector(Rng& rng, std::uint16_t selector, std::size_t field) const {
  switch (rng.below(8)) {
  case 0:
    return static_cast<std::uint16_t>(selector + 1);
  case 1:
    return static_cast<std::uint16_t>(selector - 1);
  case 2:
    return static_cast<std::uint16_t>(selector ^ (1U << rng.below(16)));
  case 3:
  case 4:
  case 5:
    return units() == 0 ? selector : get_selector(&work_[starts_[rng.below(units())]], field);
  default:
    return rng.bits16();
  }
}

} // namespace pagetwin::twin
