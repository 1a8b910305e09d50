#include "fuzz/machines/foreign/persistent.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>

namespace pagetwin::fuzz {

namespace {

using Memories = std::span<const std::span<std::byte>>;

void keep(Memories memories, std::vector<std::byte>& to) {
  to.clear();
  for (const auto& memory : memories)
    to.insert(to.end(), memory.begin(), memory.end());
}

void put_back(std::span<const std::byte> kept, Memories memories) {
  for (const auto& memory : memories) {
    std::ranges::copy(kept.first(memory.size()), memory.begin());
    kept = kept.subspan(memory.size());
  }
}

} // namespace

Persistent::Persistent(std::unique_ptr<emulators::Emulator> emulator,
                       std::function<void(const std::string&)> tell)
    : emulator_(std::move(emulator)), tell_(std::move(tell)) {}

bool Persistent::watches(std::string_view format) const {
  const emulators::CachedMmu* const cached = emulator_->cached();
  return cached != nullptr && cached->watches(format);
}

void Persistent::walk(std::string_view format, emulators::Image image,
                      std::span<const emulators::Probe> probes, std::span<emulators::Answer> answers) {
  attempt(std::array{image.bytes}, [&] { emulator_->walk(format, image, probes, answers); });
}

void Persistent::watch(std::string_view format, const emulators::Edit& edit,
                       std::span<const emulators::Access> accesses, std::span<emulators::Sight> sights) {
  attempt(std::array{edit.before, edit.after},
          [&] { emulator_->cached()->watch(format, edit, accesses, sights); });
}

template <class Ask>
void Persistent::attempt(Memories memories, const Ask& ask) {
  keep(memories, as_they_were_);
  try {
    return ask();
  } catch (const std::runtime_error& error) {
    if (restarts_ == most_restarts)
      throw;
    ++restarts_;
    tell_(std::string(name()) + " could not go on, and is started again (" + std::to_string(restarts_)
          + " of at most " + std::to_string(most_restarts) + " times): " + error.what());
  }
  put_back(as_they_were_, memories);
  ask();
}

} // namespace pagetwin::fuzz
