// Random programs for models of the L4 address spaces: operations as values, so that two models can run the
// same ones. Places are few, and regions overlap often.
#pragma once

#include "reference/l4_model.hpp"
#include "reference/profile.hpp"

#include <random>
#include <vector>

namespace reference {

struct L4Step {
  enum class Verb : std::uint8_t { create, destroy, map, grant, unmap, flush, place, merge, touch };

  Verb verb = Verb::touch;
  L4Transfer transfer;     // map, grant; unmap and flush take `from`, `send` and the mask, the rest the base
  std::uint64_t frame = 0; // place
  AccessKind kind = AccessKind::read; // touch
};

// What the model said: pages of a transfer, bits of unmap and flush.
struct L4Said {
  L4Status status = L4Status::ok;
  std::uint64_t value = 0;
};

inline L4Said apply(L4Model& model, const L4Step& step) {
  const L4Transfer& t = step.transfer;
  using enum L4Step::Verb;
  switch (step.verb) {
  case create:
    return {model.create(t.from)};
  case destroy:
    return {model.destroy(t.from)};
  case map:
  case grant: {
    const L4Transferred done = step.verb == map ? model.map(t) : model.grant(t);
    return {done.status, done.pages};
  }
  case unmap:
  case flush: {
    const L4Unmapped done =
        step.verb == unmap ? model.unmap(t.from, t.send, t.mask) : model.flush(t.from, t.send, t.mask);
    return {done.status, done.bits};
  }
  case place:
    return {model.place(t.from, t.send.base, t.send.size, step.frame, t.mask)};
  case merge:
    return {model.merge(t.from, t.send.base, t.send.size)};
  case touch:
    model.touch(t.from, t.send.base, step.kind);
  }
  return {};
}

class L4Programs {
 public:
  // Regions of up to 2^orders pages, in the first and, where there is one, the last of so many.
  L4Programs(const Profile& profile, unsigned spaces, unsigned orders, unsigned seed)
      : profile_(&profile), spaces_(spaces), orders_(orders), random_(seed) {}

  L4Step step() {
    L4Step step;
    step.verb = verb();
    step.transfer = {below(spaces_), below(spaces_), flexpage(), below(1U << orders_) * page(),
                     flexpage(),     mask()};
    if (step.verb == L4Step::Verb::place || step.verb == L4Step::Verb::merge)
      step.transfer.send = leaf();
    step.frame = below(8) * profile_->sizes.back();
    step.kind = static_cast<AccessKind>(below(3));
    return step;
  }
  unsigned below(unsigned bound) { return static_cast<unsigned>(random_() % bound); }

 private:
  [[nodiscard]] std::uint64_t page() const { return profile_->sizes.front(); }
  // Transfers most of all.
  L4Step::Verb verb() {
    using enum L4Step::Verb;
    static constexpr L4Step::Verb verbs[] = {create, map,   map,   map,   map,   map,    map,   grant,
                                             grant,  grant, unmap, unmap, flush, flush,  touch, touch,
                                             touch,  merge, merge, merge, place, destroy};
    const L4Step::Verb chosen = verbs[below(std::size(verbs))];
    return (chosen == place || chosen == destroy) && below(4) != 0 ? map : chosen;
  }
  L4Bits mask() { return static_cast<L4Bits>(below(3) != 0 ? l4_all : below(8)); }
  std::uint64_t aligned(std::uint64_t size) {
    const std::uint64_t va = below(1U << orders_) * page() & ~(size - 1);
    return profile_->sign_extended && below(16) == 0 ? va - (page() << orders_) : va;
  }
  L4Flexpage flexpage() {
    const std::uint64_t size = page() << (below(2) != 0 ? 0 : below(orders_ + 1));
    return {aligned(size), size};
  }
  L4Flexpage leaf() {
    const std::uint64_t size = profile_->sizes[below(static_cast<unsigned>(profile_->sizes.size()))];
    return {aligned(size), size};
  }

  const Profile* profile_;
  unsigned spaces_, orders_;
  std::mt19937 random_;
};

} // namespace reference
