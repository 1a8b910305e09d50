// A guest of KVM that makes one access of any address, of any kind and privilege, through the table under
// test. It is a few bytes of code in a slot of the root: the access, HLT, and for each exception a HLT of its
// own, so that where the processor halts says what became of the access. What the table maps outside of its
// own memory is not there: such a load or store leaves the guest, which names the physical address; a fetch
// leaves it as what KVM cannot emulate. It refuses to know which accesses do no harm: kvm.cpp chooses. Rule:
// Intel SDM volume 3A, 6.12 and 6.14 (exceptions in 64-bit mode), 7.7 (TSS).
#pragma once

#include "fuzz/emulators/host_memory.hpp"
#include "fuzz/emulators/kvm_processor.hpp"
#include "fuzz/emulators/x86_harness.hpp"

namespace pagetwin::emulators {

class KvmGuest {
 public:
  // Where its own memory is: below what any processor has, and nowhere near the tables.
  static constexpr std::uint64_t base = 0xd'5a9e'0000;
  static constexpr std::size_t bytes = std::size_t{7} * 4096;

  KvmGuest(const std::string& device, const X86Paging& paging);

  // False if KVM does not take a table of so many levels. Of the image the memory is used, up to the end of
  // its last page, until unload().
  [[nodiscard]] bool load(const Image& image);
  void unload(const Image& image);
  // A write stores this byte; a fetch must find zeros, or nothing. The physical address is told, if the
  // access went through. Throws std::runtime_error where it stopped for a reason of the harness's own.
  [[nodiscard]] Answer access(const Probe& probe, std::byte stored, const Deadline& deadline);

 private:
  void write_tables();
  void write_descriptors();
  void write_code();
  [[nodiscard]] Answer read(const Probe& probe, const KvmProcessor::Stop& stop) const;
  [[nodiscard]] Answer read_exception(const Probe& probe, const KvmProcessor::Stop& stop,
                                      unsigned vector) const;
  [[nodiscard]] Answer passed(const Probe& probe, const KvmProcessor::Stop& stop) const;
  [[nodiscard]] std::uint64_t at(std::size_t offset) const { return window_ + offset; }
  void put(std::size_t offset, std::uint64_t word);
  [[nodiscard]] std::uint64_t get(std::uint64_t address) const;

  const X86Paging* paging_;
  std::uint64_t window_; // the virtual address of its memory
  HostMemory memory_;
  KvmProcessor processor_;
  BorrowedWord slot_;
};

} // namespace pagetwin::emulators
