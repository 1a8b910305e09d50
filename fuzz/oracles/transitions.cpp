#include "fuzz/oracles/transitions.hpp"

#include <utility>

namespace pagetwin::fuzz {

void Transitions::restart() {
  order_.reset();
  cached_.reset();
  found_ = std::nullopt;
  steps_.look_away(false);
}

void Transitions::begin(const Request& request) {
  found_ = std::nullopt;
  steps_.begin(request);
  for (const std::uint64_t va :
       {request.first, request.first + (request.last - request.first) / 2, request.last})
    cache(request.space, va);
}

void Transitions::cache(unsigned space, std::uint64_t va) {
  if (const std::uint64_t root = tables_->root_now(space); root != 0)
    cached_.fill(space, root, va);
}

void Transitions::hear(const MemoryEvent& event) {
  if (log_ != nullptr)
    log_->hear(event);
  switch (event.kind) {
  case MemoryEvent::Kind::store:
    return on_store(event);
  case MemoryEvent::Kind::invalidate:
    return on_flush(event);
  case MemoryEvent::Kind::sync:
    return order_.on_sync(event.cpu);
  case MemoryEvent::Kind::release:
    return on_release(event.address);
  case MemoryEvent::Kind::allocate:
    return keep_first(found_, cached_.on_free(event.address, "handed out"));
  case MemoryEvent::Kind::retire:
    return;
  }
}

void Transitions::on_store(const MemoryEvent& event) {
  keep_first(found_, order_.on_store(event.address, event.before, event.after));
  if (steps_.on_store(event.address, event.before, event.after))
    cache(seen_->node(event.address).space, steps_.last_looked_at());
}

void Transitions::on_flush(const MemoryEvent& event) {
  const Invalidation& i = *event.flush;
  const Flush flush{space_of_(i.space), i.first, i.last, i.reach == Invalidation::Reach::walk, event.cpu};
  order_.on_flush(flush);
  cached_.on_flush(flush);
}

void Transitions::on_release(std::uint64_t node) {
  keep_first(found_, cached_.on_free(node, "released"));
  keep_first(found_, order_.on_release(node));
}

Verdict Transitions::end() {
  keep_first(found_, steps_.end());
  return std::exchange(found_, std::nullopt);
}

} // namespace pagetwin::fuzz
