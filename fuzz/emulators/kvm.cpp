// /dev/kvm: the processor of this machine, or what its hypervisor makes of one, over 4-level and, where it
// takes CR4.LA57, 5-level paging, with NXE and WP, without SMEP, SMAP and keys, and hardware that sets A and
// D. Each probe is an access of its own (kvm_guest.hpp). It refuses to judge what this processor does not
// have: pages of 1 GiB or wide addresses, if try_features() says so, and slots of the root that the host
// keeps from the user; nor what two manuals say otherwise, G of a PML4E or PML5E, where this processor goes
// by the other one. Rule: Intel SDM volume 3A, 4.5, 4.7 and 4.8; AMD64 APM volume 2, 5.3.3 (bit 8 of a
// PML4E).
#include "fuzz/emulators/kvm_deviations.hpp"
#include "fuzz/emulators/kvm_features.hpp"
#include "fuzz/emulators/oracles.hpp"
#include "fuzz/emulators/x86_trail.hpp"

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <system_error>
#include <unistd.h>

namespace pagetwin::emulators {

namespace {

constexpr std::size_t page = 4096, most_bytes = std::size_t{8} << 30U;
constexpr std::size_t probes_at_once = 1024; // which take a tenth of a second, and have twenty
constexpr std::chrono::seconds patience{20};

// An access that can do no harm.
struct Aim {
  Probe probe;
  std::byte stored; // by a write: what is there
};

bool overlaps_harness(const Image& image) {
  return image.base < KvmGuest::base + KvmGuest::bytes && KvmGuest::base < image.base + image.bytes.size();
}

class Kvm final : public Emulator {
 public:
  Kvm(std::string_view name, std::string device, const X86Paging& paging)
      : name_(name), device_(std::move(device)), paging_(&paging), tables_(most_bytes),
        features_(try_features(guest(), paging)) {}
  [[nodiscard]] std::string_view name() const override { return name_; }
  [[nodiscard]] bool judges(std::string_view format) const override { return format == paging_->format; }
  [[nodiscard]] bool writes_back() const override { return true; }
  [[nodiscard]] const KvmFeatures& features() const { return features_; }

  void walk(std::string_view, Image image, std::span<const Probe> probes,
            std::span<Answer> answers) override {
    if (image.bytes.size() > most_bytes || overlaps_harness(image))
      throw std::runtime_error("kvm: a table of more than 8 GiB, or where the harness is");
    try {
      walk_copy(copy(image), probes, answers);
    } catch (const std::runtime_error&) {
      guest_.reset(); // in an unknown state; the next table gets a new one
      throw;
    }
    std::ranges::copy(tables_.part(0, image.bytes.size()), image.bytes.begin());
  }

 private:
  // A forked child has no part in the guest of its parent.
  KvmGuest& guest() {
    if (guest_ == nullptr || owner_ != getpid())
      guest_ = std::make_unique<KvmGuest>(device_, *paging_);
    owner_ = getpid();
    return *guest_;
  }

  // Whole pages, as memory of a guest is.
  Image copy(const Image& image) {
    const std::size_t bytes = (image.bytes.size() + page - 1) / page * page;
    std::ranges::copy(image.bytes, tables_.begin());
    std::ranges::fill(tables_.part(image.bytes.size(), bytes - image.bytes.size()), std::byte{0});
    return {image.base, tables_.part(0, bytes), image.root};
  }

  void walk_copy(const Image& image, std::span<const Probe> probes, std::span<Answer> answers) {
    if (user_slots_.none())
      user_slots_ = try_user_slots(guest(), *paging_);
    if (!guest().load(image))
      throw std::runtime_error("kvm: does not take the table any more");
    for (std::size_t from = 0; from < probes.size(); from += probes_at_once) {
      const Deadline deadline(patience);
      for (std::size_t i = from; i < std::min(from + probes_at_once, probes.size()); ++i)
        answers[i] = ask(image, probes[i], deadline);
    }
    guest().unload(image);
  }

  Answer ask(const Image& image, const Probe& probe, const Deadline& deadline) {
    const bool asked = asks(probe) && !follow(*paging_, image, probe.address).harness;
    const auto aim = asked ? aim_at(image, probe) : std::nullopt;
    if (!aim)
      return not_judged;
    Answer answer = guest_->access(aim->probe, aim->stored, deadline);
    if (answer.pa)
      *answer.pa += probe.address - aim->probe.address;
    return answer;
  }

  [[nodiscard]] bool asks(const Probe& probe) const {
    const bool reaches = !probe.user || !paging_->is_canonical(probe.address)
                         || user_slots_[paging_->index(probe.address, paging_->levels - 1)];
    return reaches && !paging_->is_harness(probe.address);
  }

  // Where the probe leads to memory, a write puts back what is there, in a byte that no flag is in, and a
  // fetch needs zeros.
  [[nodiscard]] std::optional<Aim> aim_at(const Image& image, const Probe& probe) const {
    const X86Trail trail = follow(*paging_, image, probe.address);
    if (trail.leaves || !has_all_of(trail))
      return std::nullopt;
    if (!trail.leaf)
      return Aim{probe, {}};
    if (*trail.leaf - KvmGuest::base < KvmGuest::bytes)
      return std::nullopt;
    const std::uint64_t offset = *trail.leaf - image.base;
    if (probe.kind == Kind::read || offset >= image.bytes.size())
      return Aim{probe, {}};
    if (probe.kind == Kind::write)
      return Aim{{probe.address | 1U, probe.kind, probe.user}, image.bytes[offset | 1U]};
    return aim_at_zeros(image.bytes.subspan(offset / page * page, page), probe);
  }
  [[nodiscard]] bool has_all_of(const X86Trail& trail) const {
    return trail.pa_bits() <= features_.pa_bits && (!trail.has_1g || features_.pages_1g)
           && (!trail.has_top_g || features_.top_g);
  }
  [[nodiscard]] static std::optional<Aim> aim_at_zeros(std::span<const std::byte> memory,
                                                       const Probe& probe) {
    for (std::size_t offset = 0; offset < page; offset += 8) {
      std::uint64_t word = 0;
      std::memcpy(&word, &memory[offset], sizeof word);
      if (word == 0)
        return Aim{{(probe.address & ~std::uint64_t{page - 1}) | offset, probe.kind, probe.user}, {}};
    }
    return std::nullopt;
  }

  std::string_view name_;
  std::string device_;
  const X86Paging* paging_;
  HostMemory tables_;
  std::unique_ptr<KvmGuest> guest_;
  pid_t owner_ = 0;
  KvmFeatures features_;
  RootSlots user_slots_; // none: not tried yet
};

// Four levels every processor has.
Opened oracle(std::unique_ptr<Kvm> kvm, const std::string& device) {
  const KvmFeatures features = kvm->features();
  if (!features.levels && kvm->judges("x86_64_5"))
    return Absent{std::string(kvm->name()), device + " takes no such paging: a guest cannot set CR4.LA57"};
  if (!features.levels)
    throw std::runtime_error("it reads no page");
  return Oracle{std::move(kvm), {}, kvm_word_deviations(features.marks_faults)};
}

// A device that opens may still have no place for a guest: another hypervisor has the processor, say.
Opened open(const char* name, const char* format, const std::string& device) {
  if (const auto reason = kvm_absence(device))
    return Absent{name, *reason};
  try {
    return oracle(std::make_unique<Kvm>(name, device, *find_x86_paging(format)), device);
  } catch (const std::system_error& error) {
    return Absent{name, device + " refuses a guest: " + error.what()};
  } catch (const std::runtime_error& error) {
    return Absent{name, "its guest does not run: " + std::string(error.what())};
  }
}

} // namespace

Opened open_kvm(const std::string& device) { return open("kvm", "x86_64_4", device); }
Opened open_kvm_la57(const std::string& device) { return open("kvm-la57", "x86_64_5", device); }

} // namespace pagetwin::emulators
