#include "fuzz/emulators/qemu.hpp"

#include <algorithm>
#include <cstring>
#include <new>
#include <stdexcept>
#include <unistd.h>

namespace pagetwin::emulators {

namespace {

// Firmware and a busy machine included; a batch takes milliseconds.
constexpr std::chrono::milliseconds most_for_boot{20'000}, most_for_batch{20'000};

std::string guest_path(const QemuMachine& machine) {
  return std::string(PAGETWIN_GUESTS "/").append(machine.guest);
}

constexpr const char* plugin_path = PAGETWIN_GUESTS "/plugin.so";

std::vector<std::string> command(const QemuMachine& machine, const GuestMemory& memory, const GuestLog& log,
                                 int channel) {
  const std::string mib = std::to_string(memory.size() >> 20U) + "M";
  std::vector<std::string> line{find_program(machine.program),
                                "-object",
                                "memory-backend-file,id=ram,share=on,size=" + mib
                                    + ",mem-path=" + memory.path(),
                                "-m",
                                mib,
                                "-chardev",
                                "socket,id=harness,fd=" + std::to_string(channel),
                                "-kernel",
                                guest_path(machine),
                                "-display",
                                "none",
                                "-nodefaults",
                                "-no-reboot"};
  line.insert(line.end(), machine.arguments.begin(), machine.arguments.end());
  if (!machine.logs.empty())
    line.insert(line.end(), {"-d", std::string(machine.logs), "-D", log.path()});
  if (machine.told_at != 0 && access(plugin_path, R_OK) == 0) {
    line.emplace_back("-plugin");
    line.emplace_back(plugin_path).append(",ram=" + memory.path() + ",at=" + std::to_string(machine.told_at));
  }
  return line;
}

std::vector<std::string> command_or_throw(const QemuMachine& machine, const GuestMemory& memory,
                                          const GuestLog& log, int channel) {
  if (const auto absent = absence(machine))
    throw std::runtime_error(absent->emulator + ": " + absent->reason);
  return command(machine, memory, log, channel);
}

unsigned group_of(const Probe& probe) {
  return static_cast<unsigned>(probe.kind) + (probe.user ? unsigned{GROUP_USER_READ} : 0U);
}

} // namespace

std::optional<Absent> absence(const QemuMachine& machine) {
  static constexpr std::string_view no_guests = PAGETWIN_GUESTS_ABSENT;
  const std::string name(machine.name);
  if (!no_guests.empty())
    return Absent{name, "its guest was not built: " + std::string(no_guests)};
  if (access(guest_path(machine).c_str(), R_OK) != 0)
    return Absent{name, guest_path(machine) + " is gone: build again"};
  if (find_program(machine.program).empty())
    return Absent{name,
                  std::string(machine.program) + " is not in PATH: scripts/bootstrap --oracles installs it"};
  return std::nullopt;
}

QemuProcess::QemuProcess(const QemuMachine& machine)
    : memory_(machine.ram_bytes), process_(command_or_throw(machine, memory_, log_, channel_.theirs),
                                           std::array{memory_.descriptor(), log_.descriptor()}, channel_),
      box_(new(memory_.part(machine.mailbox_at, sizeof(mailbox)).data()) mailbox) {
  process_.expect_byte(most_for_boot, "its guest was ready");
}

void QemuProcess::run() {
  process_.send_byte();
  process_.expect_byte(most_for_batch, "a batch was done");
}

QemuProcess& Qemu::process() {
  if (process_ == nullptr) {
    used_ = 0;
    process_ = std::make_unique<QemuProcess>(machine_);
    start(*process_);
  }
  return *process_;
}

pid_t Qemu::process_id() { return process().id(); }

void Qemu::walk(std::string_view format, Image image, std::span<const Probe> probes,
                std::span<Answer> answers) {
  check(image);
  try {
    walk_in_batches(process(), format, image, probes, answers);
  } catch (const std::runtime_error&) {
    process_.reset(); // in an unknown state; the next table gets a new one
    throw;
  }
}

void Qemu::check(const Image& image) const {
  if (image.base != machine_.images_from || image.bytes.size() > machine_.ram_bytes - machine_.images_at)
    throw std::runtime_error(std::string(name()) + ": a table that is not in its RAM's memory for tables");
}

void Qemu::walk_in_batches(QemuProcess& process, std::string_view format, const Image& image,
                           std::span<const Probe> probes, std::span<Answer> answers) {
  for (std::size_t from = 0; from < probes.size(); from += MAILBOX_CELLS) {
    const std::size_t count = std::min<std::size_t>(MAILBOX_CELLS, probes.size() - from);
    load(process, image);
    prepare(process, format, image);
    ask({process, format, image, probes.subspan(from, count), answers.subspan(from, count)});
    finish(process, image);
    std::ranges::copy(image_memory(process, 0, image.bytes.size()), image.bytes.begin());
  }
}

void Qemu::load(QemuProcess& process, const Image& image) {
  const std::size_t bytes = image.bytes.size(), own = std::min(bytes, borrowed(image)),
                    next = std::min(bytes, own + 8);
  std::ranges::copy(image.bytes.first(own), image_memory(process, 0, own).begin());
  std::ranges::copy(image.bytes.subspan(next), image_memory(process, next, bytes - next).begin());
  if (used_ > bytes) // of the last one
    std::ranges::fill(image_memory(process, bytes, used_ - bytes), std::byte{0});
  used_ = bytes;
}

void Qemu::ask(const Batch& batch) {
  mailbox& box = batch.process.box();
  sort(batch.format, batch.probes, box);
  batch.process.run();
  listen(batch.process);
  std::ranges::fill(batch.answers, not_judged);
  for (std::size_t cell = 0; cell < order_.size(); ++cell)
    batch.answers[order_[cell]] = read(batch.format, batch.probes[order_[cell]], box.cells[cell]);
}

void Qemu::sort(std::string_view format, std::span<const Probe> probes, mailbox& box) {
  for (auto& group : groups_)
    group.clear();
  for (std::size_t i = 0; i < probes.size(); ++i)
    if (asks(format, probes[i]))
      groups_[group_of(probes[i])].push_back(i);
  order_.clear();
  for (unsigned group = 0; group < GROUPS; ++group) {
    order_.insert(order_.end(), groups_[group].begin(), groups_[group].end());
    box.ends[group] = order_.size();
  }
  for (std::size_t cell = 0; cell < order_.size(); ++cell)
    box.cells[cell] = {spelled(format, probes[order_[cell]]), 0};
}

} // namespace pagetwin::emulators
