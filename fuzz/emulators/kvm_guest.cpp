#include "fuzz/emulators/kvm_guest.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <stdexcept>

namespace pagetwin::emulators {

namespace {

using namespace x86_entry;

constexpr std::uint32_t harness_slot = 0, image_slot = 1; // of KVM's memory

// A page each; those of the tables in the order of levels.
constexpr std::size_t page = 4096, fourth = 0, third = page, second = 2 * page, first = 3 * page,
                      descriptors = 4 * page, code = 5 * page, stack = 6 * page,
                      never = std::size_t{2} << 20U;
constexpr std::size_t gdt = descriptors, tss = descriptors + 0x100, idt = descriptors + 0x200,
                      stack_top = stack + page - 16;

// The code of each kind of access, and the HLT of vector 0.
constexpr std::size_t entry_bytes = 16, handlers = code + 0x100;
constexpr std::size_t entry_of(Kind kind) { return code + entry_bytes * static_cast<std::size_t>(kind); }
// Each access is two bytes long, and a HLT follows.
constexpr std::array<std::array<std::uint8_t, 3>, 3> accesses{{
    {0x8a, 0x17, 0xf4}, // movb (%rdi), %dl
    {0x88, 0x17, 0xf4}, // movb %dl, (%rdi)
    {0xff, 0xe7, 0xf4}, // jmp *%rdi
}};
constexpr std::size_t access_bytes = 2;

constexpr unsigned protection_fault = 13, page_fault = 14;

} // namespace

KvmGuest::KvmGuest(const std::string& device, const X86Paging& paging)
    : paging_(&paging), window_(paging.base_of(x86_harness_slot)), memory_(bytes), processor_(device) {
  write_tables();
  write_descriptors();
  write_code();
  processor_.map(harness_slot, base, memory_.part(0, bytes));
}

void KvmGuest::put(std::size_t offset, std::uint64_t word) {
  std::memcpy(memory_.begin() + offset, &word, sizeof word);
}
std::uint64_t KvmGuest::get(std::uint64_t address) const {
  std::uint64_t word = 0;
  if (address - window_ > bytes - sizeof word)
    throw std::runtime_error("kvm: the guest has lost its stack");
  std::memcpy(&word, memory_.begin() + (address - window_), sizeof word);
  return word;
}

// Accessed and dirty, so that nothing is written there. The user runs the code, too.
void KvmGuest::write_tables() {
  constexpr std::uint64_t table = P | RW | US | A, data = P | RW | A | D | XD;
  put(fourth, (base + third) | table);
  put(third, (base + second) | table);
  put(second, (base + first) | table);
  for (const std::size_t offset : {descriptors, stack})
    put(first + offset / page * 8, (base + offset) | data);
  put(first + code / page * 8, (base + code) | P | US | A);
}

void KvmGuest::write_descriptors() {
  KvmProcessor::write_gdt(memory_.part(gdt, KvmProcessor::gdt_entries * 8), at(tss));
  constexpr std::size_t RSP0 = 4, io_map = 102; // none: beyond the limit
  const std::uint64_t top = at(stack_top);
  std::memcpy(memory_.begin() + tss + RSP0, &top, sizeof top);
  const auto no_io_map = static_cast<std::uint16_t>(KvmProcessor::tss_bytes);
  std::memcpy(memory_.begin() + tss + io_map, &no_io_map, sizeof no_io_map);
  constexpr std::uint64_t gate = std::uint64_t{0x8e00} << 32U | KvmProcessor::kernel_code << 16U;
  for (std::size_t vector = 0; vector < KvmProcessor::idt_entries; ++vector) {
    const std::uint64_t handler = at(handlers + vector);
    put(idt + 16 * vector, (handler & 0xffffU) | gate | (handler >> 16U & 0xffffU) << 48U);
    put(idt + 16 * vector + 8, handler >> 32U);
  }
}

void KvmGuest::write_code() {
  for (const Kind kind : {Kind::read, Kind::write, Kind::execute})
    std::memcpy(memory_.begin() + entry_of(kind), &accesses[static_cast<std::size_t>(kind)],
                sizeof accesses[0]);
  std::ranges::fill(memory_.part(handlers, KvmProcessor::idt_entries), std::byte{0xf4});
}

bool KvmGuest::load(const Image& image) {
  const std::size_t whole = (image.bytes.size() + page - 1) / page * page;
  slot_.take(&image.bytes[image.root - image.base + std::size_t{8} * x86_harness_slot],
             (base + (paging_->levels == 5 ? fourth : third)) | P | RW | US | A);
  processor_.map(image_slot, image.base, {image.bytes.data(), whole});
  return processor_.set({image.root, at(gdt), at(idt), at(tss), paging_->levels});
}

void KvmGuest::unload(const Image& image) {
  processor_.unmap(image_slot);
  slot_.give_back(&image.bytes[image.root - image.base + std::size_t{8} * x86_harness_slot]);
}

Answer KvmGuest::access(const Probe& probe, std::byte stored, const Deadline& deadline) {
  const KvmProcessor::Registers registers{at(entry_of(probe.kind)), at(stack_top), at(never),
                                          static_cast<std::uint64_t>(stored), probe.address};
  return read(probe, processor_.run(registers, probe.user, deadline));
}

// The kernel halts behind the access. The user may not: its HLT is a fault.
Answer KvmGuest::read(const Probe& probe, const KvmProcessor::Stop& stop) const {
  if (stop.why == KvmProcessor::Why::no_emulator) {
    if (probe.kind == Kind::execute && stop.rip == probe.address)
      return passed(probe, stop);
    throw std::runtime_error("kvm: an instruction of the harness cannot be emulated");
  }
  const std::uint64_t halted = stop.rip - 1;
  if (!probe.user && halted == at(entry_of(probe.kind)) + access_bytes)
    return passed(probe, stop);
  const std::uint64_t vector = halted - at(handlers);
  if (vector == protection_fault || vector == page_fault)
    return read_exception(probe, stop, static_cast<unsigned>(vector));
  throw std::runtime_error("kvm: the guest halted where no access leads, vector " + std::to_string(vector));
}

// On the stack: the error code, and where it happened. A fetch that goes through executes zeros: `add %al,
// (%rax)`, and rax leads to a page that is never there.
Answer KvmGuest::read_exception(const Probe& probe, const KvmProcessor::Stop& stop, unsigned vector) const {
  const std::uint64_t error_code = get(stop.rsp), rip = get(stop.rsp + 8), entry = at(entry_of(probe.kind));
  if (vector == protection_fault && probe.user && rip == entry + access_bytes)
    return passed(probe, stop);
  if (rip != entry && (probe.kind != Kind::execute || rip != probe.address))
    throw std::runtime_error("kvm: an exception of the harness's own, vector " + std::to_string(vector));
  if (vector == protection_fault)
    return {Outcome::non_canonical, std::nullopt, std::nullopt};
  if (stop.cr2 == at(never))
    return passed(probe, stop);
  return read_x86_page_fault(error_code);
}

Answer KvmGuest::passed(const Probe& probe, const KvmProcessor::Stop& stop) const {
  return {Outcome::ok, stop.touched ? stop.touched : processor_.translate(probe.address), std::nullopt};
}

} // namespace pagetwin::emulators
