// What a report shows of an address: in each space, the unit that covers it, in the model, in the mapping
// database and in the bytes of the tables.
#include "fuzz/machines/spaces/machine.hpp"

namespace pagetwin::fuzz {

namespace {

using reference::L4Unit;
using Hex = unsigned long long;

// The bits of a set of three, as docs/traces.md writes rights.
std::string letters(unsigned bits, std::string_view names) {
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i)
    text += (bits >> i & 1U) != 0 ? names[i] : '-';
  return text;
}

// In the model's words, so that both are written alike.
L4Unit in_words_of_the_model(const SpacesUnit& ours) {
  L4Unit unit;
  unit.base = ours.base;
  unit.size = ours.size;
  if (!ours.real && !ours.area)
    unit.parent = L4Unit::Position{ours.parent_space, ours.parent_va};
  unit.frame = ours.frame;
  unit.rights = static_cast<reference::L4Bits>(static_cast<unsigned>(ours.rights) & reference::l4_all);
  unit.status = static_cast<reference::L4Bits>(ours.status);
  unit.area = ours.area;
  return unit;
}

std::string to_text(const std::optional<L4Unit>& unit) {
  if (!unit)
    return "nothing";
  const std::string from =
      unit->area     ? "an area"
      : unit->parent ? format("derived from %#llx of space %u", Hex{unit->parent->va}, unit->parent->space)
                     : "Real";
  const std::string status = unit->area ? "" : ", status " + letters(unit->status, "awx");
  return format("%#llx + %#llx -> %#llx, ", Hex{unit->base}, Hex{unit->size}, Hex{unit->frame}) + from
         + ", rights " + letters(unit->rights, "rwx") + status;
}

} // namespace

std::string SpacesMachine::explain(std::uint64_t address) const {
  if (refused_start_)
    return "there are not even the nodes for sigma0's table\n";
  std::string lines;
  for (unsigned s = 0; s < space_count_; ++s)
    if (roots_[s] != 0)
      lines += explain(s, address);
  return lines + explain_window(address);
}

// Of a transfer that diverged, where what is sent arrives.
std::string SpacesMachine::explain_window(std::uint64_t address) const {
  if (!wrong_op_ || !spaces_verbs[wrong_op_->verb].uses(l4_window_size) || wrong_op_->value[l4_va] != address)
    return {};
  const std::uint64_t window = wrong_op_->value[l4_window], to = wrong_op_->value[l4_to];
  return window != address && is_space(to) ? format("at %#llx, where the window begins\n", Hex{window})
                                                 + explain(static_cast<unsigned>(to), window)
                                           : "";
}

std::string SpacesMachine::explain(unsigned space, std::uint64_t address) const {
  const Unit model = model_->find(space, address);
  const auto found = subject_->find(space, address);
  const Unit ours = found ? Unit(in_words_of_the_model(*found)) : std::nullopt;
  const auto bytes = view_.translate(roots_[space], address);
  if (!model && !ours && !bytes)
    return format("space %u: nothing\n", space);
  return format("space %u: model %s\n         ours  %s\n         bytes %s\n", space, to_text(model).c_str(),
                to_text(ours).c_str(),
                bytes ? format("%#llx -> %#llx", Hex{address}, Hex{bytes->pa}).c_str() : "nothing");
}

} // namespace pagetwin::fuzz
