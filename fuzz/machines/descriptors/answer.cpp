#include "fuzz/machines/descriptors/answer.hpp"

#include "fuzz/oracles/finding.hpp"
#include "fuzz/oracles/show_translation.hpp"

namespace pagetwin::fuzz {

namespace {

using Hex = unsigned long long;

std::string difference(const reference::Translation& ours, const reference::Translation& theirs) {
  std::string text;
  if (ours.pa != theirs.pa)
    text += " address";
  if (ours.size != theirs.size)
    text += " size";
  if (ours.attributes != theirs.attributes)
    text += " attributes";
  if (ours.flags != theirs.flags)
    text += " flags";
  return text;
}

} // namespace

std::string to_text(const Answer& a) {
  if (a.translation)
    return format("ok %#llx", Hex{a.translation->pa});
  const bool nothing_read = a.outcome == reference::Outcome::non_canonical;
  return nothing_read ? reference::to_text(a.outcome)
                      : format("%s %u", reference::to_text(a.outcome), a.level);
}

std::string show(const char* who, const Answer& a) {
  const std::string text = format("%-9s %s at level %u", who, reference::to_text(a.outcome), a.level);
  return text + (a.translation ? " " + show_translation(*a.translation) : "") + "\n";
}

std::string difference(const Answer& ours, const Answer& theirs) {
  if (ours.outcome != theirs.outcome)
    return format("%s instead of %s", reference::to_text(ours.outcome), reference::to_text(theirs.outcome));
  if (ours.level != theirs.level)
    return format("level of %s", reference::to_text(ours.outcome));
  if (ours.translation && theirs.translation)
    return "translation" + difference(*ours.translation, *theirs.translation);
  return "translation";
}

} // namespace pagetwin::fuzz
