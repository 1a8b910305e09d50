#include "fuzz/machines/foreign/session.hpp"

#include "fuzz/machines/foreign/confirmation.hpp"
#include "fuzz/twin/files.hpp"
#include "fuzz/twin/swarm.hpp"

#include <algorithm>
#include <cstdio>

namespace pagetwin::fuzz {

namespace {

using twin::ExitStatus;

// A target makes its machine without arguments; what the minimiser makes needs these.
const twin::Target* inner_target = nullptr;
Jury scratch_jury;

std::unique_ptr<TableMachine> make_inner(const twin::Target& target, const twin::MachineOptions& options) {
  auto machine = target.make(options);
  if (dynamic_cast<TableMachine*>(machine.get()) == nullptr)
    throw std::runtime_error(std::string(target.name) + " has no page tables to walk");
  return std::unique_ptr<TableMachine>(static_cast<TableMachine*>(machine.release()));
}

std::unique_ptr<twin::Machine> make_scratch(const twin::MachineOptions& options) {
  return std::make_unique<ForeignMachine>(make_inner(*inner_target, options), scratch_jury);
}

bool wanted(const std::vector<std::string>& names, std::string_view name) {
  return names.empty() || std::ranges::find(names, name) != names.end();
}

std::string field(const char* name, std::string_view text) {
  return "\"" + std::string(name) + "\":" + twin::json_string(text);
}

std::string field(const char* name, std::uint64_t number) {
  return "\"" + std::string(name) + "\":" + std::to_string(number);
}

template <class Deviations>
void add_deviations(std::string& list, const Deviations& known, const std::vector<std::uint64_t>& counts) {
  for (std::size_t i = 0; i < known.size(); ++i)
    list += (list.empty() ? "{" : ",{") + field("name", known[i].name) + ","
            + field("manual", known[i].manual) + "," + field("count", counts[i]) + "}";
}

std::string line_of(const std::string& format, const emulators::Oracle& oracle, const Tally& tally,
                    unsigned restarts) {
  std::string explained;
  add_deviations(explained, oracle.deviations, tally.by_deviation);
  add_deviations(explained, oracle.word_deviations, tally.by_word_deviation);
  return "pagetwin: oracle {" + field("format", format) + "," + field("oracle", oracle.emulator->name()) + ","
         + field("probes", tally.probes) + "," + field("damaged", tally.damaged) + ","
         + field("not_judged", tally.not_judged) + "," + field("unexplained", tally.unexplained) + ","
         + field("restarts", restarts) + ",\"explained\":[" + explained + "]}\n";
}

// Nothing where nobody could show a TLB.
std::string tlb_line_of(const std::string& format, const emulators::Oracle& oracle, const TlbTally& tally) {
  emulators::CachedMmu* const mmu = oracle.emulator->cached();
  if (mmu == nullptr || !mmu->watches(format))
    return {};
  return "pagetwin: tlb {" + field("format", format) + "," + field("oracle", oracle.emulator->name()) + ","
         + field("edits", tally.edits) + "," + field("accesses", tally.accesses) + ","
         + field("not_judged", tally.not_judged) + "," + field("stale", tally.stale) + ","
         + field("wrong", tally.wrong) + "}\n";
}

void complain(const std::string& what) { std::fprintf(stderr, "pagetwin: %s\n", what.c_str()); }

ExitStatus worse(ExitStatus one, ExitStatus other) { return std::max(one, other); }

} // namespace

Session::Session(const twin::Target& target, std::vector<emulators::Opened> opened, SessionOptions options,
                 std::string executable)
    : target_(target), options_(std::move(options)), executable_(std::move(executable)) {
  auto inner = make_inner(target, {});
  format_ = inner->view().mmu->profile().name;
  for (emulators::Opened& each : opened) {
    if (auto* absent = std::get_if<emulators::Absent>(&each);
        absent && wanted(options_.oracles, absent->emulator))
      absent_.push_back(std::move(*absent));
    if (auto* oracle = std::get_if<emulators::Oracle>(&each);
        oracle && wanted(options_.oracles, oracle->emulator->name()) && oracle->emulator->judges(format_))
      take(std::move(*oracle));
  }
  for (const emulators::Oracle& oracle : oracles_)
    tallies_.emplace_back(oracle);
  scratch_ = tallies_;
  scratch_jury = {oracles_, scratch_};
  inner_target = &target_;
  machine_ = std::make_unique<ForeignMachine>(std::move(inner), Jury{oracles_, tallies_});
}

Session::~Session() {
  inner_target = nullptr;
  scratch_jury = {};
}

void Session::take(emulators::Oracle oracle) {
  auto persistent = std::make_unique<Persistent>(
      std::move(oracle.emulator), [this](const std::string& what) { complain(format_ + ": " + what); });
  persistent_.push_back(persistent.get());
  oracle.emulator = std::move(persistent);
  oracles_.push_back(std::move(oracle));
}

ExitStatus Session::run() {
  const ExitStatus status = oracles_.empty() ? ExitStatus::ok : ask();
  std::fputs(summary().c_str(), stdout);
  return status;
}

ExitStatus Session::ask() {
  try {
    const ExitStatus status = run_files(); // first: programs are generated only for what these leave to ask
    return worse(status, run_generated());
  } catch (const std::runtime_error& error) {
    complain(format_ + ": " + error.what());
    return reported_.empty() ? ExitStatus::bad_input : ExitStatus::diverged;
  }
}

std::string Session::summary() const {
  std::string lines;
  for (const emulators::Absent& absent : absent_)
    lines += "pagetwin: absent {" + field("oracle", absent.emulator) + "," + field("reason", absent.reason)
             + "}\n";
  for (std::size_t i = 0; i < oracles_.size(); ++i)
    lines += line_of(format_, oracles_[i], tallies_[i], persistent_[i]->restarts())
             + tlb_line_of(format_, oracles_[i], tallies_[i].tlb);
  if (oracles_.empty())
    lines += "pagetwin: nobody {" + field("format", format_) + "}\n";
  return lines;
}

bool Session::enough() const {
  return std::ranges::all_of(tallies_, [this](const Tally& t) { return t.probes >= options_.probes; });
}

ExitStatus Session::run_files() {
  ExitStatus status = ExitStatus::ok;
  for (const std::string& path : options_.files) {
    const auto files = twin::list_files(path);
    if (const auto* error = std::get_if<twin::FileError>(&files)) {
      std::fprintf(stderr, "%s\n", error->message.c_str());
      return ExitStatus::bad_input;
    }
    for (const std::string& file : std::get<std::vector<std::string>>(files))
      status = worse(status, run_file(file));
  }
  return status;
}

ExitStatus Session::run_file(const std::string& path) {
  const auto content = twin::read_file(path, twin::max_text_bytes);
  if (const auto* error = std::get_if<twin::FileError>(&content)) {
    std::fprintf(stderr, "%s\n", error->message.c_str());
    return ExitStatus::bad_input;
  }
  const auto trace = twin::read_trace(std::get<std::string>(content), *target_.schema, path, target_.max_ops);
  if (const auto* error = std::get_if<twin::ParseError>(&trace)) {
    std::fprintf(stderr, "%s\n", error->to_string().c_str());
    return ExitStatus::bad_input;
  }
  return run_program(std::get<twin::Trace>(trace).program, path);
}

// Random programs until enough was asked. One that finds something ends it: the next would find the same.
ExitStatus Session::run_generated() {
  // As many programs as probes at most, as some add none. Behind the last seed comes 0.
  for (std::uint64_t program = 0; !enough() && program < options_.probes; ++program) {
    const auto bytes = twin::swarm_program(*target_.schema, options_.seed + program);
    const ExitStatus status = run_program(twin::decode(bytes, *target_.schema), "");
    if (status != ExitStatus::ok)
      return status;
  }
  return ExitStatus::ok;
}

ExitStatus Session::run_program(const twin::Program& program, const std::string& input) {
  const auto divergence = twin::run(*machine_, program);
  if (!divergence)
    return ExitStatus::ok;
  if (!reported_.insert(divergence->signature()).second)
    return ExitStatus::diverged;
  twin::Target judged = target_;
  judged.make = make_scratch;
  judged.replay = "scripts/oracles";
  twin::FindingOptions finding;
  finding.directory = options_.save;
  finding.input = input;
  finding.executable = executable_;
  const auto scratch = make_scratch({});
  const std::string report = report_finding(*scratch, judged, program, *divergence, finding);
  std::fputs((report + lost_confirmations(divergence->details, report)).c_str(), stdout);
  std::fflush(stdout); // an interrupt must not lose it
  return ExitStatus::diverged;
}

} // namespace pagetwin::fuzz
