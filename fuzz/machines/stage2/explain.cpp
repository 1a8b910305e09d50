// What a person wants to see of an address when the sides disagree: what each table has there, as a guest
// frame number and as a frame, and of the frames behind it who owns them, what they hold, and who maps them.
#include "fuzz/machines/stage2/machine.hpp"
#include "fuzz/machines/stage2/model_entry.hpp"

namespace pagetwin::fuzz {

namespace {

namespace sekvm = reference::sekvm;
using Hex = unsigned long long;

constexpr const char* nothing = "nothing";

std::string leads_to(std::uint64_t pa, bool is_block, bool is_device) {
  return format("%#llx %s%s", Hex{pa}, is_block ? "block" : "page", is_device ? ", a device" : "");
}
std::string show(const sekvm::Entry* entry, std::uint64_t gfn) {
  if (!is_mapping(entry))
    return entry != nullptr && entry->pte == sekvm::PAGE_GUEST ? "taken (PAGE_GUEST)" : nothing;
  return leads_to(pfn_of(*entry, gfn) << s2_page_shift, entry->level == 2, is_device(*entry));
}
std::string show(const std::optional<S2Entry>& entry) {
  return entry ? leads_to(entry->pfn << s2_page_shift, entry->level == S2Level::block, entry->device)
               : nothing;
}
template <class Translation>
std::string show_bytes(const std::optional<Translation>& found) {
  return found ? leads_to(found->pa, found->size > s2_page_bytes, !found->attributes.execute) : nothing;
}
std::string number(std::uint32_t v) { return v == sekvm::INVALID ? "INVALID" : format("%u", v); }
std::string number(std::uint64_t v) { return v == sekvm::INVALID64 ? "INVALID" : format("%#llx", Hex{v}); }

} // namespace

std::string Stage2Machine::name_of(unsigned table) {
  if (table >= sekvm::principals)
    return format("device %u", table - sekvm::principals);
  return table == sekvm::HOSTVISOR ? "host" : format("machine %u", table);
}

std::string Stage2Machine::show_table(unsigned table, std::uint64_t gfn) const {
  const std::string model_has = show(model().table(table).find(gfn), gfn);
  std::string ours = show(ours_at(table, gfn));
  if (table == sekvm::HOSTVISOR && ours == nothing && subject_->is_taken(gfn))
    ours = "taken (PAGE_GUEST)";
  const std::string bytes = show_bytes(view_.translate(roots_[table], gfn << s2_page_shift));
  if (model_has == nothing && ours == nothing && bytes == nothing)
    return {};
  return format("%s, at %#llx\n  model %s\n  ours  %s\n  bytes %s\n", name_of(table).c_str(),
                Hex{gfn << s2_page_shift}, model_has.c_str(), ours.c_str(), bytes.c_str());
}

// Who wrote it: a token is one of a step and a principal.
std::string Stage2Machine::show_token(std::uint64_t token) const {
  for (std::uint64_t step = 1; step <= steps_; ++step)
    for (unsigned p = 0; p < sekvm::COREVISOR; ++p)
      if (token == token_of(step, p))
        return format("what %s wrote in operation %llu", name_of(p).c_str(), Hex{step});
  return token == 0 ? "zeroes" : format("%#llx", Hex{token});
}

std::string Stage2Machine::show_frame(std::uint64_t pfn) const {
  const auto line = [this](const char* side, std::uint32_t owner, std::uint32_t count, std::uint64_t gfn,
                           std::uint64_t token) {
    return format("  %s owner %s count %s gfn %s holds %s\n", side, number(owner).c_str(),
                  number(count).c_str(), number(gfn).c_str(), show_token(token).c_str());
  };
  const sekvm::S2Page page = model_.s2page(pfn);
  const Stage2Record record = subject_->record(pfn);
  return format("frame %#llx\n", Hex{pfn})
         + line("model", page.owner, page.count, page.gfn, model_.contents(pfn))
         + line("ours ", record.owner, record.count, record.gfn, subject_->contents(pfn))
         + show_mappings(pfn);
}

std::string Stage2Machine::show_mappings(std::uint64_t pfn) const {
  std::string text;
  for (unsigned t = 0; t < most_tables; ++t)
    for (const sekvm::Entry& e : model().table(t).entries())
      if (is_mapping(&e) && pfn - pfn_of(e, e.gfn) < e.pages())
        text += format("%s %s%s at %#llx", text.empty() ? "" : ",", name_of(t).c_str(),
                       sekvm::is_vm(t) && model().small().vm_states[t] == sekvm::VmState::POWEROFF ? " (off)"
                                                                                                   : "",
                       Hex{(e.gfn + (pfn - pfn_of(e, e.gfn))) << s2_page_shift});
  return "  mapped in the model by" + (text.empty() ? " nobody" : text) + "\n";
}

// The frame of that number, and those that some table has there; once each.
std::vector<std::uint64_t> Stage2Machine::frames_behind(std::uint64_t gfn) const {
  std::vector<std::uint64_t> frames;
  const auto add = [&](std::uint64_t pfn) {
    if (model().frames().holds(pfn) && std::ranges::find(frames, pfn) == frames.end())
      frames.push_back(pfn);
  };
  add(gfn);
  for (unsigned t = 0; t < most_tables; ++t) {
    const sekvm::Entry* entry = model().table(t).find(gfn);
    if (is_mapping(entry))
      add(pfn_of(*entry, gfn));
    if (const auto ours = roots_[t] != 0 ? ours_at(t, gfn) : std::nullopt)
      add(ours->pfn);
  }
  return frames;
}

std::string Stage2Machine::explain(std::uint64_t address) const {
  const std::uint64_t gfn = address >> s2_page_shift;
  if (gfn >= subject_->gfn_limit())
    return format("no table has room for %#llx\n", Hex{address});
  std::string text;
  for (unsigned t = 0; t < most_tables; ++t)
    text += roots_[t] != 0 ? show_table(t, gfn) : "";
  if (text.empty())
    text = format("no table has anything at %#llx\n", Hex{gfn << s2_page_shift});
  for (const std::uint64_t pfn : frames_behind(gfn))
    text += show_frame(pfn);
  return text;
}

} // namespace pagetwin::fuzz
