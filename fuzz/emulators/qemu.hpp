// QEMU (TCG) as a foreign MMU: a guest of our own (guests/) runs on a bare machine in a process beside this
// one, and makes accesses through the table under test, which lies in its RAM. A process is started by the
// first walk, serves any number of batches, and is started anew if it died. It refuses to know formats: each
// architecture has a file.
#pragma once

#include "fuzz/emulators/cached_mmu.hpp"
#include "fuzz/emulators/guest_log.hpp"
#include "fuzz/emulators/guest_memory.hpp"
#include "fuzz/emulators/guests/mailbox.h"
#include "fuzz/emulators/oracles.hpp"
#include "fuzz/emulators/side_process.hpp"

#include <array>

namespace pagetwin::emulators {

// Where tables of 64-bit words lie, physical, as in the harness, and how much of that there is at most. RAM
// ends there, as most frames of the table machine lie from 8 GiB on (unassigned_log.hpp).
inline constexpr std::uint64_t image_base = std::uint64_t{4} << 30U;
inline constexpr std::size_t image_bytes = std::size_t{4} << 30U;

// What QEMU runs, and where things lie in its RAM, which ends with the table's own memory.
struct QemuMachine {
  std::string_view name, program, guest;        // "qemu-riscv64", "qemu-system-riscv64", "riscv64.elf"
  std::vector<std::string> arguments;           // machine and processor; RAM is called "ram"
  std::size_t ram_bytes, mailbox_at, images_at; // in the RAM's file
  std::size_t told_at = 0; // where a plugin tells physical addresses (guests/plugin.c); 0: nowhere
  std::uint64_t images_from = image_base; // physical
  bool sets_flags = true;                 // its hardware
  std::string_view logs{};                // what of itself, as -d has it; nothing: no log
};

// One process, its RAM, and its log, which is empty if the machine has none.
class QemuProcess {
 public:
  // Throws std::runtime_error if no guest says in time that it is there.
  explicit QemuProcess(const QemuMachine& machine);

  [[nodiscard]] mailbox& box() const { return *box_; }
  [[nodiscard]] std::span<std::byte> ram(std::size_t offset, std::size_t bytes) const {
    return memory_.part(offset, bytes);
  }
  [[nodiscard]] pid_t id() const { return process_.id(); }
  // Lets the guest work through the mailbox. Throws as the constructor does.
  void run();
  [[nodiscard]] std::string take_log() { return log_.take(); }

 private:
  GuestMemory memory_;
  GuestLog log_;
  SideProcess::Channel channel_;
  SideProcess process_;
  mailbox* box_;
};

class Qemu : public Emulator, public CachedMmu {
 public:
  [[nodiscard]] std::string_view name() const final { return machine_.name; }
  [[nodiscard]] bool writes_back() const final { return machine_.sets_flags; }
  void walk(std::string_view format, Image image, std::span<const Probe> probes,
            std::span<Answer> answers) override;
  [[nodiscard]] CachedMmu* cached() final { return this; }
  [[nodiscard]] bool watches(std::string_view /*format*/) const override { return false; }
  void watch(std::string_view format, const Edit& edit, std::span<const Access> accesses,
             std::span<Sight> sights) final; // qemu_cached.cpp
  // For tests: of the process, which is started if need be.
  [[nodiscard]] pid_t process_id();

 protected:
  // What fits into the mailbox at once.
  struct Batch {
    QemuProcess& process;
    std::string_view format;
    const Image& image;
    std::span<const Probe> probes;
    std::span<Answer> answers;
  };

  explicit Qemu(QemuMachine machine) : machine_(std::move(machine)) {}

  // Of what is not asked nothing is judged.
  [[nodiscard]] virtual bool asks(std::string_view /*format*/, const Probe& /*probe*/) const { return true; }
  // How the guest is told an address.
  [[nodiscard]] virtual std::uint64_t spelled(std::string_view /*format*/, const Probe& probe) const {
    return probe.address;
  }
  // A process is new: fills in what its guest needs in RAM for all tables.
  virtual void start(QemuProcess& process) = 0;
  // The image is in RAM: fills in the registers, and what else the guest needs for this table.
  virtual void prepare(QemuProcess& process, std::string_view format, const Image& image) = 0;
  // Undoes in RAM what prepare() did to the image.
  virtual void finish(QemuProcess& /*process*/, const Image& /*image*/) {}
  virtual void ask(const Batch& batch);
  // The batch, or a step of watch(), is done.
  virtual void listen(QemuProcess& /*process*/) {}
  // What a cell means after the batch. All of them are read, in the guest's order.
  [[nodiscard]] virtual Answer read(std::string_view format, const Probe& probe,
                                    const mailbox_cell& cell) = 0;

  // For watch(), of guests that know its steps (guests/mailbox.h): of accesses with reads and writes only.
  [[nodiscard]] virtual bool asks_access(std::string_view format, const Access& access) const {
    return asks(format, access.probe);
  }
  // After prepare() of the first image: makes the frames of these tell where they are.
  virtual void lead(QemuProcess& /*process*/, const Image& /*image*/, std::span<const Access> /*accesses*/) {}
  // Where in its page an access goes.
  [[nodiscard]] virtual std::uint64_t aim_access(const Probe& probe) const { return probe.address; }
  [[nodiscard]] virtual Answer read_access(std::string_view format, const Probe& probe,
                                           const mailbox_cell& cell) {
    return read(format, probe, cell);
  }

  // The word of the image that prepare() makes the guest's own, by its offset; beyond the end: there is none.
  // load() leaves it alone, as a guest that sleeps in the middle of watch() walks through it.
  [[nodiscard]] virtual std::size_t borrowed(const Image& image) const { return image.bytes.size(); }
  void load(QemuProcess& process, const Image& image);
  [[nodiscard]] std::span<std::byte> image_memory(QemuProcess& process, std::size_t offset,
                                                  std::size_t bytes) const {
    return process.ram(machine_.images_at + offset, bytes);
  }

 private:
  QemuProcess& process();
  void walk_in_batches(QemuProcess& process, std::string_view format, const Image& image,
                       std::span<const Probe> probes, std::span<Answer> answers);
  void sort(std::string_view format, std::span<const Probe> probes, mailbox& box);
  void watch_in_steps(QemuProcess& process, std::string_view format, const Edit& edit,
                      std::span<const Access> accesses, std::span<Sight> sights);
  void choose_accesses(std::string_view format, std::span<const Access> accesses);
  void step(QemuProcess& process, std::string_view format, std::uint64_t how,
            std::span<const Access> accesses, std::span<Sight> sights, Answer Sight::* answer);
  void check(const Image& image) const;

  QemuMachine machine_;
  std::unique_ptr<QemuProcess> process_;
  std::size_t used_ = 0;                                // bytes of image memory that may not be zero
  std::array<std::vector<std::size_t>, GROUPS> groups_; // probes of each
  std::vector<std::size_t> order_;                      // which probe is in which cell
  std::vector<Probe> aimed_;                            // of watch(), as they are made
  std::vector<std::size_t> access_of_;                  // which access each of them is
};

// Where the program or the guest is missing, why.
[[nodiscard]] std::optional<Absent> absence(const QemuMachine& machine);

} // namespace pagetwin::emulators
