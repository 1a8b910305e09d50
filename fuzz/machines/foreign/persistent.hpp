// A foreign MMU that is asked once more when it could not go on: one that runs beside this program may be
// killed for what the whole machine lacks, and the next walk starts another. Each attempt gets the bytes as
// they were. How often is bounded, and everybody is told. It refuses to know which MMU it is, and why it
// died.
#pragma once

#include "fuzz/emulators/cached_mmu.hpp"

#include <functional>
#include <memory>

namespace pagetwin::fuzz {

class Persistent final : public emulators::Emulator, public emulators::CachedMmu {
 public:
  // In all; a table that nobody survives needs one more, and a silent MMU 20 s for each.
  static constexpr unsigned most_restarts = 5;

  // tell: what is said of each restart, one line without its end.
  Persistent(std::unique_ptr<emulators::Emulator> emulator, std::function<void(const std::string&)> tell);

  [[nodiscard]] unsigned restarts() const { return restarts_; }

  [[nodiscard]] std::string_view name() const override { return emulator_->name(); }
  [[nodiscard]] bool judges(std::string_view format) const override { return emulator_->judges(format); }
  [[nodiscard]] bool writes_back() const override { return emulator_->writes_back(); }
  [[nodiscard]] emulators::CachedMmu* cached() override {
    return emulator_->cached() == nullptr ? nullptr : this;
  }
  [[nodiscard]] bool watches(std::string_view format) const override;
  // Both throw what the emulator throws, if it cannot go on with the same table twice, or too often in all.
  void walk(std::string_view format, emulators::Image image, std::span<const emulators::Probe> probes,
            std::span<emulators::Answer> answers) override;
  void watch(std::string_view format, const emulators::Edit& edit,
             std::span<const emulators::Access> accesses, std::span<emulators::Sight> sights) override;

 private:
  template <class Ask>
  void attempt(std::span<const std::span<std::byte>> memories, const Ask& ask);

  std::unique_ptr<emulators::Emulator> emulator_;
  std::function<void(const std::string&)> tell_;
  unsigned restarts_ = 0;
  std::vector<std::byte> as_they_were_;
};

} // namespace pagetwin::fuzz
