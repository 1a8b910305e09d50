#include "fuzz/machines/stage2/machine.hpp"

#include "fuzz/oracles/progress.hpp"

namespace pagetwin::fuzz {

namespace {

namespace sekvm = reference::sekvm;

const Stage2Layout& layout_of(const twin::Values& header) {
  return stage2_layouts[header[header_s2_memory] % stage2_layouts.size()];
}
unsigned machines(const twin::Values& header) {
  return static_cast<unsigned>(s2_vm_limits.nearest(header[header_s2_vms]));
}
unsigned devices(const twin::Values& header) {
  return static_cast<unsigned>(s2_device_limits.nearest(header[header_s2_devices]));
}

} // namespace

Stage2Machine::Stage2Machine(const Stage2Sides& sides, const twin::MachineOptions& options)
    : sides_(sides), options_(options), mmu_(&sides.mmu()), subject_(sides.subject(*this, *this)),
      model_(sekvm::Config{}), structure_(*mmu_, EmptyNodes::kept) {
  want_exchanges(false);
  view_ = view_of(*mmu_, subject_->arena());
}

sekvm::Config Stage2Machine::config(const twin::Program& program) const {
  sekvm::Config config;
  std::size_t at = 0;
  for (const auto& region : layout_of(program.header).regions)
    config.regions[at++] = {region.first, region.count};
  config.vms = machines(program.header);
  config.devices = devices(program.header);
  config.levels = mmu_->levels() - 1;
  config.guest_pages = subject_->gfn_limit();
  config.host = config.vm = config.device = sekvm::Pools::shared(
      static_cast<std::uint32_t>(s2_page_limits.nearest(program.header[header_s2_pages])));
  return config;
}

Stage2Options Stage2Machine::options_of(const twin::Program& program) const {
  Stage2Options options;
  for (const auto& region : layout_of(program.header).regions)
    options.regions.push_back({region.first, region.count});
  options.vms = machines(program.header);
  options.table_pages = s2_page_limits.nearest(program.header[header_s2_pages]);
  options.devices = devices(program.header);
  return options;
}

void Stage2Machine::begin(const twin::Program& program) {
  roots_ = {};
  tlb_.reset();
  steps_ = 0;
  is_heavy_ = false;
  secret_of_ = static_cast<unsigned>(program.header[header_s2_secret]) % (machines(program.header) + 1);
  if (secret_of_ != 0 && !second_)
    second_ = sides_.subject(silent_, *this);
  model_.reset(config(program));
  const Stage2Options options = options_of(program);
  (void)subject_->start(options);
  if (secret_of_ != 0)
    (void)second_->start(options);
  for (unsigned vm = 1; vm <= std::min<std::uint64_t>(program.header[header_s2_ready], options.vms); ++vm)
    for (const Stage2Verb verb : {Stage2Verb::registers, Stage2Verb::boot}) {
      twin::Op op;
      op.verb = static_cast<std::uint8_t>(verb);
      op.value[s2_vm] = vm;
      op_ = &op;
      (void)run_ours(*subject_, op);
      if (secret_of_ != 0)
        (void)run_ours(*second_, op);
      (void)run_model(op);
    }
  follow_roots();
}

std::uint64_t Stage2Machine::root_of(unsigned table) const {
  return table < sekvm::principals ? subject_->root(table) : subject_->device_root(table - sekvm::principals);
}

// Tables that came and went.
void Stage2Machine::follow_roots() {
  for (unsigned t = 0; t < most_tables; ++t) {
    const std::uint64_t root = root_of(t);
    if (root != 0 && roots_[t] == 0)
      structure_.add_root(subject_->observation(), root, t);
    roots_[t] = root;
  }
}

Verdict Stage2Machine::step(const twin::Op& op) {
  op_ = &op;
  status_ = S2Status::ok;
  word_ = nullptr;
  applied_ = false;
  ++steps_;
  stores_ = 0;
  const std::uint64_t nodes = subject_->nodes_used();
  subject_->begin_operation();
  if (secret_of_ != 0)
    second_->begin_operation();
  return bounded(verb_name(), op.value[s2_addr], [&]() -> Verdict {
    Verdict v = apply(op);
    keep_first(v, judge_atomicity(nodes));
    return v ? std::move(v) : judge();
  });
}

Verdict Stage2Machine::finish() {
  subject_->begin_operation();
  return bounded("finish", 0, [&]() -> Verdict {
    if (Verdict v = compare_all())
      return v;
    subject_->close();
    for (const std::uint64_t root : roots_)
      if (root != 0)
        Structure::drop_root(subject_->observation(), root);
    subject_->stop();
    if (subject_->nodes_used() != 0)
      return finding("O5 frames", 0, "leak at the end",
                     format("%llu table pages are left when all tables are gone",
                            static_cast<unsigned long long>(subject_->nodes_used())));
    return Structure::complaint(subject_->observation());
  });
}

std::string Stage2Machine::outcome() const {
  return word_ != nullptr ? word_ : std::string(to_text(status_));
}

bool Stage2Machine::touches(const twin::Op& op, std::uint64_t address) const {
  const twin::Verb& verb = stage2_verbs[op.verb];
  const auto within = [&](std::uint64_t base, std::uint64_t size) { return address - base < size; };
  const std::uint64_t size = verb.uses(s2_size) ? std::max<std::uint64_t>(op.value[s2_size], s2_page_bytes)
                             : verb.uses(s2_level) && op.value[s2_level] == 2 ? s2_page_bytes * block_pages
                                                                              : s2_page_bytes;
  return (verb.uses(s2_addr) && within(op.value[s2_addr], size))
         || (verb.uses(s2_pa) && within(op.value[s2_pa], size));
}

} // namespace pagetwin::fuzz
