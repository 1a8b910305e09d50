// See minimise.hpp. Every accepted step makes the program shorter, or a value smaller at the same length, so
// that it ends without a limit too.
#include "fuzz/twin/minimise.hpp"

#include "fuzz/twin/isolated.hpp"
#include "fuzz/twin/limits.hpp"

#include <algorithm>
#include <bit>
#include <unistd.h>

namespace pagetwin::twin {
namespace {

constexpr std::size_t pairs_up_to = 32;      // operations: more have too many pairs
constexpr std::uint16_t pool_selectors = 16; // the first of a domain: what a person would find plain
constexpr std::size_t grow_up_to = 8;        // operations: what is long still shrinks by other means
constexpr std::uint64_t most_lowered = 16;   // of a header value
constexpr unsigned most_rounds = 16;
constexpr std::size_t retell_up_to = 4; // operations: there are many ways to tell more
constexpr std::chrono::seconds rehearsal_timeout = 2 * default_minimise_time;
constexpr std::chrono::milliseconds one_run_timeout{500}; // a thousand times what a program takes
constexpr int diverged_alike = 77;                        // exit code of a child

class Reducer {
 public:
  Reducer(const Program& program, const Schema& schema, const StillFails& still_fails, std::size_t max_runs,
          std::chrono::seconds max_time)
      : schema_(&schema), still_fails_(&still_fails), max_runs_(max_runs), deadline_(Clock::now() + max_time),
        best_(program) {}

  [[nodiscard]] Reduction reduce() {
    bool better = true;
    for (unsigned round = 0; better && round < most_rounds; ++round) {
      better = remove_chunks();
      better = remove_pairs() || better;
      better = simplify_header() || better;
      better = clear_bits() || better;
      better = simplify_values() || better;
      better = better || grow() || lower_header() || retell();
    }
    return {std::move(best_), runs_, exhausted()};
  }

 private:
  using Clock = std::chrono::steady_clock;

  [[nodiscard]] bool exhausted() const { return runs_ >= max_runs_ || Clock::now() >= deadline_; }
  [[nodiscard]] bool accept(Program candidate) {
    keep_limits(candidate, *schema_); // smaller is no use where a trace could not say it
    if (candidate == best_ || exhausted())
      return false;
    ++runs_;
    if (!(*still_fails_)(candidate))
      return false;
    best_ = std::move(candidate);
    return true;
  }

  [[nodiscard]] bool remove(std::size_t first, std::size_t count) {
    Program candidate = best_;
    const auto begin = candidate.ops.begin() + static_cast<std::ptrdiff_t>(first);
    candidate.ops.erase(begin, begin + static_cast<std::ptrdiff_t>(count));
    return accept(candidate);
  }

  // From the end, because what follows the failure goes at once.
  [[nodiscard]] bool remove_chunks() {
    bool better = false;
    for (std::size_t size = best_.ops.size(); size > 0; size /= 2) {
      for (std::size_t end = best_.ops.size(); end > 0; end -= std::min(size, end)) {
        const std::size_t first = end - std::min(size, end);
        better = remove(first, end - first) || better;
      }
    }
    return better;
  }

  // An operation and its undoing can often go only together.
  [[nodiscard]] bool remove_pairs() {
    bool better = false;
    for (std::size_t j = best_.ops.size(); j-- > 1 && best_.ops.size() <= pairs_up_to;) {
      for (std::size_t i = std::min(j, best_.ops.size()); i-- > 0 && j < best_.ops.size();) {
        Program candidate = best_;
        candidate.ops.erase(candidate.ops.begin() + static_cast<std::ptrdiff_t>(j));
        candidate.ops.erase(candidate.ops.begin() + static_cast<std::ptrdiff_t>(i));
        better = accept(candidate) || better;
      }
    }
    return better;
  }

  // The same bit of a field, in all operations at once: what is shared, or one page beside, stays so.
  [[nodiscard]] bool clear_bits() {
    bool better = false;
    for (std::size_t field = 0; field < max_fields; ++field) {
      for (unsigned bit = 64; bit-- > 0;) {
        const std::uint64_t mask = ~(std::uint64_t{1} << bit);
        Program candidate = best_;
        for (Op& op : candidate.ops)
          op.value[field] &= mask;
        better = (candidate != best_ && accept(candidate)) || better;
      }
    }
    return better;
  }

  [[nodiscard]] bool simplify_header() {
    bool better = false;
    for (std::size_t field = 0; field < max_fields; ++field) {
      if (!schema_->header[field].used())
        continue;
      const Op none;
      const History history(best_.header, {}, none);
      for (const std::uint64_t value : simpler(schema_->header[field], best_.header[field], history)) {
        Program candidate = best_;
        candidate.header[field] = value;
        if (accept(candidate)) {
          better = true;
          break;
        }
      }
    }
    return better;
  }

  [[nodiscard]] bool simplify_values() {
    bool better = false;
    for (std::size_t i = 0; i < best_.ops.size(); ++i) {
      for (unsigned rest = schema_->verbs[best_.ops[i].verb].fields; rest != 0; rest &= rest - 1)
        better = simplify_value(i, static_cast<std::size_t>(std::countr_zero(rest))) || better;
    }
    return better;
  }

  // First in every operation that has this value, then in this one only.
  [[nodiscard]] bool simplify_value(std::size_t i, std::size_t field) {
    const Op op = best_.ops[i];
    const History history(best_.header, std::span(best_.ops).first(i), op);
    for (const std::uint64_t value : simpler(schema_->fields[field], op.value[field], history)) {
      Program everywhere = best_;
      for (Op& other : everywhere.ops) {
        if (schema_->verbs[other.verb].uses(field) && other.value[field] == op.value[field])
          other.value[field] = value;
      }
      Program here = best_;
      here.ops[i].value[field] = value;
      if (accept(everywhere) || (here != everywhere && accept(here)))
        return true;
    }
    return false;
  }

  // One operation that covers more can make others needless: tried at the end, on what is short already.
  [[nodiscard]] bool grow() {
    for (std::size_t i = 0; i < best_.ops.size() && best_.ops.size() <= grow_up_to; ++i)
      for (unsigned rest = schema_->verbs[best_.ops[i].verb].fields; rest != 0; rest &= rest - 1)
        if (grow_field(i, static_cast<std::size_t>(std::countr_zero(rest))))
          return true;
    return false;
  }
  [[nodiscard]] bool grow_field(std::size_t i, std::size_t field) {
    for (const std::uint64_t value : larger(i, field)) {
      Program grown = best_;
      grown.ops[i].value[field] = value;
      if (remove_others(grown, i))
        return true;
    }
    return false;
  }
  // Operations that only fill a pool can go together with a smaller pool.
  [[nodiscard]] bool lower_header() {
    for (std::size_t field = 0; field < max_fields && best_.ops.size() <= grow_up_to; ++field)
      for (std::uint64_t less = 1; less <= std::min(best_.header[field], most_lowered); ++less) {
        Program lowered = best_;
        lowered.header[field] -= less;
        if (remove_others(lowered, nothing))
          return true;
      }
    return false;
  }
  // Every other operation alone, and every two of them. kept: not this one.
  static constexpr std::size_t nothing = ~std::size_t{0};
  [[nodiscard]] bool remove_others(const Program& grown, std::size_t kept) {
    for (std::size_t a = 0; a < grown.ops.size(); ++a)
      for (std::size_t b = a; b < grown.ops.size(); ++b) {
        if (a == kept || b == kept)
          continue;
        Program candidate = grown;
        candidate.ops.erase(candidate.ops.begin() + static_cast<std::ptrdiff_t>(b));
        if (a != b)
          candidate.ops.erase(candidate.ops.begin() + static_cast<std::ptrdiff_t>(a));
        if (accept(candidate))
          return true;
        if (kept == nothing)
          continue;
        // What covers more may have to come before what it made needless.
        const std::size_t now = kept - (a < kept) - (a != b && b < kept);
        std::rotate(candidate.ops.begin(), candidate.ops.begin() + static_cast<std::ptrdiff_t>(now),
                    candidate.ops.begin() + static_cast<std::ptrdiff_t>(now) + 1);
        if (now != 0 && accept(candidate))
          return true;
      }
    return false;
  }
  // An operation changed into another verb, over values that the program has, can make others needless:
  // several that only prepare something are often one that does it at once.
  [[nodiscard]] bool retell() {
    for (std::size_t i = 0; i < best_.ops.size() && best_.ops.size() <= retell_up_to; ++i)
      for (std::size_t verb = 0; verb < schema_->verbs.size(); ++verb)
        if (retell_as(i, static_cast<std::uint8_t>(verb)))
          return true;
    return false;
  }
  [[nodiscard]] bool retell_as(std::size_t i, std::uint8_t verb) {
    Op told = best_.ops[i];
    const unsigned old_fields = schema_->verbs[told.verb].fields, fields = schema_->verbs[verb].fields;
    const unsigned fresh = fields & ~old_fields;
    told.verb = verb;
    for (std::size_t field = 0; field < max_fields; ++field)
      told.value[field] = ((fields >> field) & 1U) != 0 ? told.value[field] : 0;
    if (std::popcount(fresh) > 2)
      return false;
    // With two values to choose, varying a third would be too many.
    return choose(i, told, fresh, std::popcount(fresh) < 2 ? fields & old_fields : 0);
  }
  // Every value for each field of `fresh`; then one of the fields of `varied`, or none, gets every other one.
  [[nodiscard]] bool choose(std::size_t i, const Op& told, unsigned fresh, unsigned varied) {
    if (fresh == 0)
      return replaced_by(i, told) || vary(i, told, varied);
    const auto field = static_cast<std::size_t>(std::countr_zero(fresh));
    for (const std::uint64_t value : all_values()) {
      Op next = told;
      next.value[field] = value;
      if (choose(i, next, fresh & (fresh - 1), varied))
        return true;
    }
    return false;
  }
  [[nodiscard]] bool vary(std::size_t i, const Op& told, unsigned varied) {
    for (unsigned rest = varied; rest != 0; rest &= rest - 1)
      if (choose(i, told, rest & (0U - rest), 0))
        return true;
    return false;
  }
  [[nodiscard]] bool replaced_by(std::size_t i, const Op& told) {
    Program candidate = best_;
    candidate.ops[i] = told;
    return remove_others(candidate, i);
  }
  [[nodiscard]] std::vector<std::uint64_t> all_values() const {
    std::vector<std::uint64_t> values{0};
    for (const Op& op : best_.ops)
      values.insert(values.end(), op.value.begin(), op.value.end());
    std::sort(values.begin(), values.end());
    values.erase(std::unique(values.begin(), values.end()), values.end());
    return values;
  }
  // Larger values to try: any that the program has somewhere, and the first of the domain.
  [[nodiscard]] std::vector<std::uint64_t> larger(std::size_t i, std::size_t field) const {
    std::vector<std::uint64_t> values = all_values();
    const History history(best_.header, std::span(best_.ops).first(i), best_.ops[i]);
    for (std::uint16_t selector = 0; selector < pool_selectors; ++selector)
      values.push_back(schema_->fields[field].decode(selector, history));
    std::erase_if(values, [now = best_.ops[i].value[field]](std::uint64_t v) { return v <= now; });
    std::sort(values.begin(), values.end());
    values.erase(std::unique(values.begin(), values.end()), values.end());
    return values;
  }

  // Smaller values to try, the smallest first.
  [[nodiscard]] static std::vector<std::uint64_t> simpler(const Domain& domain, std::uint64_t value,
                                                          const History& history) {
    std::vector<std::uint64_t> values{0, 1, std::bit_floor(value), value / 2, value & (value - 1)};
    for (std::uint16_t selector = 0; selector < pool_selectors; ++selector)
      values.push_back(domain.decode(selector, history));
    std::erase_if(values, [value](std::uint64_t candidate) { return candidate >= value; });
    std::sort(values.begin(), values.end());
    values.erase(std::unique(values.begin(), values.end()), values.end());
    return values;
  }

  const Schema* schema_;
  const StillFails* still_fails_;
  std::size_t max_runs_;
  Clock::time_point deadline_;
  Program best_;
  std::size_t runs_ = 0;
};

} // namespace

Reduction reduce(const Program& program, const Schema& schema, const StillFails& still_fails,
                 std::size_t max_runs, std::chrono::seconds max_time) {
  return Reducer(program, schema, still_fails, max_runs, max_time).reduce();
}

Reduction minimise(Machine& machine, const Program& program, const std::string& signature,
                   std::size_t max_runs) {
  const StillFails same = [&machine, &signature](const Program& candidate) {
    const auto divergence = run(machine, candidate);
    return divergence && divergence->signature() == signature;
  };
  const auto rehearsal =
      run_in_child([&] { (void)reduce(program, machine.schema(), same, max_runs); }, rehearsal_timeout);
  if (!rehearsal || rehearsal->ended_well())
    return reduce(program, machine.schema(), same, max_runs);
  const auto same_in_child = [&same](const Program& candidate) {
    const auto end = run_in_child([&] { _exit(same(candidate) ? diverged_alike : 0); }, one_run_timeout);
    return end && end->exit_code == diverged_alike;
  };
  return reduce(program, machine.schema(), same_in_child, std::min(max_runs, default_isolated_runs),
                default_isolated_time);
}

} // namespace pagetwin::twin
