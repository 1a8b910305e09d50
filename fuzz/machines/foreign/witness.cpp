#include "fuzz/machines/foreign/witness.hpp"

#include "fuzz/machines/foreign/expectation.hpp"

#include <algorithm>

namespace pagetwin::fuzz {

namespace {

using emulators::Answer;
using emulators::Kind;
using emulators::Outcome;
using emulators::Probe;
using Hex = unsigned long long;

// The descriptors that a walk of one address reads, where they lie, and zeroes up to the last of them. The
// table is broken: whatever else it can reach may be poisoned.
std::vector<std::byte> path_to(const View& view, std::uint64_t root, std::uint64_t address) {
  const reference::Walk walk = view.mmu->walk(view.memory, root, address, {}, view.mode);
  const unsigned word_bytes = view.mmu->descriptor_bytes();
  const auto steps = std::span(walk.steps).first(walk.steps_taken);
  std::uint64_t end = root + word_bytes;
  for (const reference::Step& step : steps)
    end = std::max(end, step.address + word_bytes);
  std::vector<std::byte> bytes(end - view.memory.pa_base);
  const reference::PhysicalMemory copy{reinterpret_cast<unsigned char*>(bytes.data()), view.memory.pa_base,
                                       bytes.size()};
  for (const reference::Step& step : steps)
    copy.store(step.address, step.raw, word_bytes);
  return bytes;
}

// Every access that a walk of the bytes can answer. Flags are set as far as that walk allows, so that a fault
// is one of rights.
std::vector<Probe> questions(const View& view, std::uint64_t root, std::uint64_t address) {
  reference::Mode managed = view.mode;
  managed.adue = true;
  std::vector<Probe> probes;
  for (const Kind kind : {Kind::write, Kind::read, Kind::execute})
    for (const bool user : {true, false}) {
      const Probe probe{address, kind, user};
      if (expectation(view.mmu->access(view.memory, root, address, access_of(probe), managed)))
        probes.push_back(probe);
    }
  return probes;
}

// What the model allows, and where it leads.
std::optional<std::uint64_t> modelled(const TableMachine& machine, unsigned space, const Probe& probe) {
  const auto found = machine.modelled(space, probe.address);
  const bool allowed = found && machine.view().mmu->profile().permits(found->attributes, access_of(probe));
  return allowed ? std::optional(found->pa) : std::nullopt;
}

// A flag that our walker did not set, as it faulted before, says nothing of what the table wrote.
bool contradicts(const Answer& answer, const std::optional<std::uint64_t>& model) {
  if (answer.outcome == Outcome::not_judged || answer.outcome == Outcome::access_flag)
    return false;
  const bool ok = answer.outcome == Outcome::ok;
  return ok != model.has_value() || (ok && answer.pa && *answer.pa != *model);
}

std::string show(const std::optional<std::uint64_t>& model) {
  return model ? format("ok %#llx", Hex{*model}) : "a fault";
}

} // namespace

std::string testimony(emulators::Emulator& emulator, const TableMachine& machine, std::uint64_t address) {
  const std::string name(emulator.name());
  bool judged = false;
  for (unsigned space = 0; space < max_spaces; ++space) {
    const auto root = machine.root_of(space);
    if (!root)
      continue;
    View view = machine.view();
    std::vector<std::byte> bytes = path_to(view, *root, address);
    view.memory = {reinterpret_cast<unsigned char*>(bytes.data()), view.memory.pa_base, bytes.size()};
    const std::vector<Probe> probes = questions(view, *root, address);
    std::vector<Answer> answers(probes.size(), emulators::not_judged);
    emulator.walk(view.mmu->profile().name, {view.memory.pa_base, bytes, *root}, probes, answers);
    judged |= std::ranges::any_of(answers, [](const Answer& a) { return a.outcome != Outcome::not_judged; });
    for (std::size_t i = 0; i < probes.size(); ++i)
      if (const auto model = modelled(machine, space, probes[i]); contradicts(answers[i], model))
        return name + " contradicts the model, too: " + to_text(probes[i])
               + format(" at %#llx in space %u: ", Hex{address}, space) + to_text(answers[i])
               + ", the model: " + show(model);
  }
  return name + (judged ? " does not contradict the model at this address" : " cannot judge this address");
}

} // namespace pagetwin::fuzz
