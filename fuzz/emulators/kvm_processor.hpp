// One virtual processor of /dev/kvm for x86-64 in long mode: memory, registers, and running until it stops.
// It refuses to know what runs, and what a page table is. Rule: Linux, Documentation/virt/kvm/api.rst.
#pragma once

#include "fuzz/emulators/deadline.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

struct kvm_run;
struct kvm_sregs;

namespace pagetwin::emulators {

// Why there can be no processor; nothing if there can.
[[nodiscard]] std::optional<std::string> kvm_absence(const std::string& device);

class KvmProcessor {
 public:
  // What stays for a table. Selectors of the GDT are those of kvm_processor.cpp.
  struct System {
    std::uint64_t cr3, gdt, idt, tss;
    unsigned levels; // of paging: 4 or 5
  };
  static constexpr std::uint64_t gdt_entries = 8, idt_entries = 32, tss_bytes = 104;
  // The GDT for these selectors, whose TSS is at that address.
  static void write_gdt(std::span<std::byte> gdt, std::uint64_t tss);
  static constexpr std::uint64_t kernel_code = 0x08;

  struct Registers {
    std::uint64_t rip, rsp, rax, rdx, rdi;
  };
  enum class Why : std::uint8_t {
    halted,      // by HLT; rip is behind it
    no_emulator, // an instruction that KVM had to emulate, and could not; rip is at it
  };
  struct Stop {
    Why why;
    std::uint64_t rip, rsp, cr2;
    std::optional<std::uint64_t> touched; // the last physical address that was accessed outside of memory
  };

  explicit KvmProcessor(const std::string& device); // throws std::system_error
  ~KvmProcessor();
  KvmProcessor(const KvmProcessor&) = delete;
  KvmProcessor& operator=(const KvmProcessor&) = delete;

  // Puts memory in a place of physical memory, and forgets all that was derived from what was in this slot
  // before. Both are multiples of 4 KiB. Throws std::system_error.
  void map(std::uint32_t slot, std::uint64_t physical, std::span<std::byte> memory);
  void unmap(std::uint32_t slot);
  // False if KVM does not take it: it may not offer five levels.
  [[nodiscard]] bool set(const System& system);
  // Throws std::runtime_error if it stops for any other reason, or when the time is over.
  [[nodiscard]] Stop run(const Registers& registers, bool user, const Deadline& deadline);
  // Where an address leads by KVM's own walk, whatever the rights. It sets A along the way.
  [[nodiscard]] std::optional<std::uint64_t> translate(std::uint64_t address) const;

 private:
  struct Descriptor {
    int number;
    ~Descriptor();
  };
  void offer_everything();
  void become(bool user);
  void let_through(const Deadline& deadline);
  void run_until_exit(const Deadline& deadline);
  [[nodiscard]] Why why() const;

  Descriptor device_, machine_, processor_;
  std::size_t shared_bytes_;
  kvm_run* shared_;
};

} // namespace pagetwin::emulators
