#include "reference/l4_spaces.hpp"

#include "reference/alignment.hpp"

#include <algorithm>
#include <utility>

namespace reference {

// 3.1 Address spaces

std::size_t L4Spaces::first_from(const M& x) const {
  const auto is_below = [](const Edge& each, const M& at) {
    return each.x.n != at.n ? each.x.n < at.n : each.x.v < at.v;
  };
  return static_cast<std::size_t>(std::lower_bound(edges_.begin(), edges_.end(), x, is_below)
                                  - edges_.begin());
}

// Nothing: no space n, or v is not mapped there. No path starts at a Real page.
const L4Spaces::Edge* L4Spaces::edge(const M& x) const {
  const std::size_t at = first_from(x);
  return at < edges_.size() && edges_[at].x == x ? &edges_[at] : nullptr;
}

// A path is never longer than all edges, even where a bug made a loop.
bool L4Spaces::leads(M x, const M& y) const {
  for (std::size_t steps = 0; x != y; ++steps) {
    const Edge* next = edge(x);
    if (next == nullptr || steps == edges_.size())
      return false;
    x = next->y;
  }
  return true;
}

std::optional<std::uint64_t> L4Spaces::lookup(M x) const {
  for (std::size_t steps = 0; x.n != real; ++steps) {
    const Edge* next = edge(x);
    if (next == nullptr || steps == edges_.size())
      return std::nullopt;
    x = next->y;
  }
  return x.v;
}

// 3.2 Operations

// What was done to it is answered and forgotten, and it loses the rights.
L4Bits L4Spaces::take(Edge& each, L4Bits mask) {
  if (each.status != 0 || (each.rights & mask) != 0)
    note_change(each);
  each.rights &= static_cast<L4Bits>(~mask);
  return std::exchange(each.status, L4Bits{0});
}

void L4Spaces::add(Edge& each, L4Bits bits) {
  if ((bits & ~each.status) != 0)
    note_change(each);
  each.status |= bits;
}

// In every space, what leads to x loses the rights, and its status is returned and cleared. All is judged
// before anything changes. What no edge leads to directly, no path leads to.
L4Bits L4Spaces::clear(const M& x, L4Bits mask) {
  const auto leads_to_x = [&x](const Edge& each) { return each.y == x; };
  if (std::none_of(edges_.begin(), edges_.end(), leads_to_x))
    return 0;
  for (Edge& each : edges_)
    each.is_doomed = leads(each.y, x);
  L4Bits bits = 0;
  for (Edge& each : edges_)
    if (std::exchange(each.is_doomed, false))
      bits |= take(each, mask);
  std::erase_if(edges_, [](const Edge& each) { return each.rights == 0; });
  return bits;
}

// Theorem 2: nothing leads to what is not mapped. What x and all below it remember is answered, goes to x's
// parent, which clear has left alone (theorem 1), and is forgotten.
L4Bits L4Spaces::unmap_page(const M& x, L4Bits mask) {
  if (!is_valid(x))
    return 0;
  const L4Bits below = clear(x, mask);
  Edge& self = *edge(x);
  const L4Bits bits = below | take(self, 0);
  if (Edge* parent = edge(self.y))
    add(*parent, bits);
  return bits;
}

// update n v None, after unmap n v; with a mask, what is left of the rights stays.
L4Bits L4Spaces::flush_page(const M& x, L4Bits mask) {
  const L4Bits bits = unmap_page(x, mask);
  if (Edge* self = edge(x)) {
    (void)take(*self, mask);
    if (self->rights == 0)
      edges_.erase(edges_.begin() + (self - edges_.data()));
  }
  return bits;
}

// n, v <- m, where nothing is mapped. No effect on a space that does not exist.
void L4Spaces::update(const M& x, const M& m, L4Bits rights) {
  if (!exists(x.n))
    return;
  edges_.insert(edges_.begin() + static_cast<std::ptrdiff_t>(first_from(x)), {x, m, rights});
  note_change(x.n, x.v);
}

// The printed arrow: only if m is still valid in the flushed state.
void L4Spaces::update_if_valid(const M& x, const M& m, L4Bits rights) {
  flush_page(x, l4_all);
  if (is_valid(m))
    update(x, m, rights);
}

// What is not valid has no rights. With none in common nothing happens, and nothing is flushed.
L4Bits L4Spaces::common_rights(const M& x, L4Bits mask) const {
  const Edge* from = edge(x);
  return from == nullptr ? L4Bits{0} : static_cast<L4Bits>(from->rights & mask);
}

bool L4Spaces::map_page(const M& x, const M& y, L4Bits mask) {
  const L4Bits rights = common_rights(x, mask);
  if (rights == 0)
    return false;
  update_if_valid(y, x, rights);
  return is_valid(y);
}

bool L4Spaces::grant_page(const M& x, const M& y, L4Bits mask) {
  const L4Bits rights = common_rights(x, mask);
  if (rights == 0)
    return false;
  const M m = edge(x)->y;
  update_if_valid(y, m, rights);
  flush_page(x, l4_all);
  return is_valid(y);
}

// Flexpages: docs/l4.md, "Spaces, pages and units"

std::optional<L4Spaces::V> L4Spaces::next_page(const Region& region) const {
  const std::size_t at = first_from(Virtual(region.space, region.base));
  const bool is_inside =
      at < edges_.size() && edges_[at].x.n == region.space && region.covers(edges_[at].x.v);
  return is_inside ? std::optional(edges_[at].x.v) : std::nullopt;
}

// Each in the state that its predecessor left. What is not mapped is skipped: no operation does anything.
template <typename Operation>
void L4Spaces::for_each_page(const Region& region, Operation operation) {
  for (auto v = next_page(region); v; v = next_page(region.from(*v + page())))
    operation(Virtual(region.space, *v));
}

template <typename Operation>
std::uint64_t L4Spaces::transfer(const Move& move, Operation operation) {
  std::uint64_t pages = 0;
  for_each_page(move.from, [&](const M& x) {
    const M y = Virtual(move.to.space, move.destination(x.v));
    if (area_in({y.n, y.v, page()}) == nullptr && operation(x, y))
      ++pages;
  });
  return pages;
}

std::uint64_t L4Spaces::map_all(const Move& move) {
  return transfer(move, [&](const M& x, const M& y) { return map_page(x, y, move.mask); });
}

std::uint64_t L4Spaces::grant_all(const Move& move) {
  return transfer(move, [&](const M& x, const M& y) { return grant_page(x, y, move.mask); });
}

L4Transferred L4Spaces::grant(const L4Transfer& transfer) {
  const bool is_lost = missing_ == Missing::as_printed && exists(transfer.from) && !exists(transfer.to)
                       && transfer_status(transfer) == L4Status::ok;
  if (is_lost)
    (void)grant_all(meet(transfer));
  return L4Operations::grant(transfer);
}

L4Bits L4Spaces::unmap_all(const Region& region, L4Bits mask) {
  L4Bits bits = 0;
  for_each_page(region, [&](const M& x) { bits |= unmap_page(x, mask); });
  return bits;
}

L4Bits L4Spaces::flush_all(const Region& region, L4Bits mask) {
  L4Bits bits = 0;
  for_each_page(region, [&](const M& x) { bits |= flush_page(x, mask); });
  return bits;
}

// What a model answers

// sigma0: injective, Real pages only, all rights.
void L4Spaces::start(std::uint64_t memory) {
  edges_.clear();
  for (std::uint64_t r = 0; r < memory; r += page())
    edges_.push_back({Virtual(0, r), Real(r), l4_all});
}

void L4Spaces::add_status(unsigned space, std::uint64_t va, L4Bits bits) {
  if (Edge* at = edge(Virtual(space, round_down(va, page()))))
    add(*at, bits);
}

L4Unit L4Spaces::unit_of(const Edge& edge) const {
  L4Unit unit{edge.x.v, page(), std::nullopt, lookup(edge.x).value_or(0), edge.rights, edge.status};
  if (edge.y.n != real)
    unit.parent = {edge.y.n, edge.y.v};
  return unit;
}

std::optional<L4Unit> L4Spaces::find_unit(unsigned space, std::uint64_t va) const {
  const Edge* at = edge(Virtual(space, round_down(va, page())));
  return at == nullptr ? std::nullopt : std::optional(unit_of(*at));
}

void L4Spaces::list(unsigned space, std::vector<L4Unit>& units) const {
  for (std::size_t at = first_from(Virtual(space, 0)); at < edges_.size() && edges_[at].x.n == space; ++at)
    units.push_back(unit_of(edges_[at]));
}

// 3.4 Properties, and those of docs/l4.md

// Where the path from an edge ends. A path is never longer than all edges, even where a bug made a loop that
// does not lead back.
L4Spaces::End L4Spaces::end_of(const Edge& first) const {
  M at = first.y;
  for (std::size_t steps = 0; at.n != real; ++steps) {
    const Edge* next = edge(at);
    if (at == first.x)
      return End::itself;
    if (next == nullptr || steps == edges_.size())
      return End::nowhere;
    at = next->y;
  }
  return End::real;
}

// One edge at most leaves a position: what makes ->1, and so lookup, a function. It leaves a space that
// exists, and no area.
bool L4Spaces::lookup_is_a_function() const {
  const auto is_wrong = [this](const Edge& e) { return !exists(e.x.n) || !divides(page(), e.x.v); };
  const auto is_not_below = [](const Edge& a, const Edge& b) {
    return a.x.n != b.x.n ? a.x.n > b.x.n : a.x.v >= b.x.v;
  };
  return areas_are_no_units() && std::none_of(edges_.begin(), edges_.end(), is_wrong)
         && std::adjacent_find(edges_.begin(), edges_.end(), is_not_below) == edges_.end();
}

bool L4Spaces::real_pages_have_one_mapping() const {
  frames_.clear();
  for (const Edge& e : edges_)
    if (e.y.n == real)
      frames_.push_back(e.y.v);
  if (!std::is_sorted(frames_.begin(), frames_.end())) // most often they are
    std::sort(frames_.begin(), frames_.end());
  return std::adjacent_find(frames_.begin(), frames_.end()) == frames_.end();
}

bool L4Spaces::rights_only_shrink() const {
  const auto is_subset = [this](const Edge& e) {
    const Edge* parent = e.y.n == real ? nullptr : edge(e.y);
    const L4Bits most = parent == nullptr ? l4_all : parent->rights;
    return e.rights != 0 && (e.rights & ~most) == 0;
  };
  return std::all_of(edges_.begin(), edges_.end(), is_subset);
}

unsigned L4Spaces::broken_core() const {
  bool is_without_loops = true, reaches_real = true;
  for (const Edge& each : edges_) {
    const End end = end_of(each);
    is_without_loops = is_without_loops && end != End::itself;
    reaches_real = reaches_real && end != End::nowhere;
  }
  const bool holds[] = {is_without_loops, reaches_real, lookup_is_a_function(), real_pages_have_one_mapping(),
                        rights_only_shrink()};
  const auto* broken = std::find(std::begin(holds), std::end(holds), false);
  return broken == std::end(holds) ? 0 : static_cast<unsigned>(broken - std::begin(holds)) + 1;
}

} // namespace reference
