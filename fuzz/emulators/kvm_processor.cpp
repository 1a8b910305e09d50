#include "fuzz/emulators/kvm_processor.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdexcept>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <system_error>
#include <unistd.h>

namespace pagetwin::emulators {

namespace {

// In C++ the kernel's flexible array members (6.1, __DECLARE_FLEX_ARRAY) are a byte long and make the numbers
// of these requests wrong: they count the size of the argument. The sizes here are those of C.
constexpr unsigned long GET_SUPPORTED_CPUID = _IOC(_IOC_READ | _IOC_WRITE, KVMIO, 0x05, 8),
                        SET_CPUID2 = _IOC(_IOC_WRITE, KVMIO, 0x90, 8),
                        SET_SIGNAL_MASK = _IOC(_IOC_WRITE, KVMIO, 0x8b, 4);

struct Cpuid {
  std::uint32_t count, padding;
  std::array<kvm_cpuid_entry2, 256> entries;
};
struct SignalMask {
  std::uint32_t bytes;
  std::array<std::uint8_t, 8> set; // the kernel's
};

constexpr std::array needed{std::pair{KVM_CAP_USER_MEMORY, "user memory"},
                            std::pair{KVM_CAP_SYNC_REGS, "registers in shared memory"},
                            std::pair{KVM_CAP_EXIT_ON_EMULATION_FAILURE, "exits on emulation failures"}};

// GDT: nothing, code and data of the kernel, nothing, data and code of the user, and the TSS, which takes
// two.
constexpr std::uint16_t kernel_data = 0x10, user_data = 0x23, user_code = 0x2b, task = 0x30;

constexpr std::uint64_t CR0 = 0x8001'0033, // PG, WP, NE, ET, MP, PE
    CR4 = 0x620, CR4_LA57 = 0x1000,        // OSXMMEXCPT, OSFXSR, PAE
    EFER = 0xd01;                          // NXE, LMA, LME, SCE

std::system_error error(const char* what) { return {errno, std::generic_category(), what}; }

int checked(int result, const char* what) {
  if (result < 0)
    throw error(what);
  return result;
}

int open_device(const std::string& device) { return open(device.c_str(), O_RDWR | O_CLOEXEC); }
kvm_segment segment(std::uint16_t selector, std::uint8_t type) {
  kvm_segment made{};
  made.limit = 0xffff'ffff;
  made.selector = selector;
  made.type = type;
  made.present = made.s = made.g = 1;
  made.dpl = selector & 3U;
  return made;
}
kvm_segment code(std::uint16_t selector) {
  kvm_segment made = segment(selector, 11);
  made.l = 1;
  return made;
}
kvm_segment data(std::uint16_t selector) {
  kvm_segment made = segment(selector, 3);
  made.db = 1;
  return made;
}
kvm_segment task_at(std::uint64_t base) {
  kvm_segment made = segment(task, 11);
  made.base = base;
  made.limit = KvmProcessor::tss_bytes - 1;
  made.s = made.g = 0;
  return made;
}

void set_privilege(kvm_sregs& registers, bool user) {
  registers.cs = code(user ? user_code : static_cast<std::uint16_t>(KvmProcessor::kernel_code));
  registers.ss = data(user ? user_data : kernel_data);
  registers.ds = registers.es = registers.fs = registers.gs = data(user_data); // good for both
}

// All that a later processor may have: what the host does not, KVM takes out again or faults on.
void extend(kvm_cpuid_entry2& entry) {
  constexpr std::uint32_t address_sizes = 0x8000'0008, extended_features = 0x8000'0001,
                          pages_1g = std::uint32_t{1} << 26U;
  if (entry.function == address_sizes)
    entry.eax = (entry.eax & ~std::uint32_t{0xff}) | 52;
  if (entry.function == extended_features)
    entry.edx |= pages_1g;
}

} // namespace

std::optional<std::string> kvm_absence(const std::string& device) {
  const int number = open_device(device);
  if (number < 0)
    return device + " does not open: " + std::generic_category().message(errno);
  std::optional<std::string> reason;
  if (ioctl(number, KVM_GET_API_VERSION, 0) != KVM_API_VERSION)
    reason = device + " does not answer as KVM";
  for (const auto& [capability, name] : needed)
    if (!reason && ioctl(number, KVM_CHECK_EXTENSION, capability) <= 0)
      reason = device + " has no " + name;
  close(number);
  return reason;
}

void KvmProcessor::write_gdt(std::span<std::byte> gdt, std::uint64_t tss) {
  constexpr std::uint64_t busy = 0x8b;
  const std::uint64_t low = (tss_bytes - 1) | (tss & 0xff'ffffU) << 16U | busy << 40U
                            | (tss >> 24U & 0xffU) << 56U,
                      high = tss >> 32U;
  constexpr std::uint64_t kernel_code_entry = 0x00af'9b00'0000'ffff,
                          kernel_data_entry = 0x00cf'9300'0000'ffff, user_data_entry = 0x00cf'f300'0000'ffff,
                          user_code_entry = 0x00af'fb00'0000'ffff;
  const std::array<std::uint64_t, gdt_entries> entries{
      0, kernel_code_entry, kernel_data_entry, 0, user_data_entry, user_code_entry, low, high};
  std::memcpy(gdt.data(), entries.data(), sizeof entries);
}

KvmProcessor::Descriptor::~Descriptor() { close(number); }

KvmProcessor::KvmProcessor(const std::string& device)
    : device_{checked(open_device(device), device.c_str())},
      machine_{checked(ioctl(device_.number, KVM_CREATE_VM, 0), "KVM_CREATE_VM")},
      processor_{checked(ioctl(machine_.number, KVM_CREATE_VCPU, 0), "KVM_CREATE_VCPU")},
      shared_bytes_(static_cast<std::size_t>(
          checked(ioctl(device_.number, KVM_GET_VCPU_MMAP_SIZE, 0), "KVM_GET_VCPU_MMAP_SIZE"))) {
  kvm_enable_cap exits{};
  exits.cap = KVM_CAP_EXIT_ON_EMULATION_FAILURE;
  exits.args[0] = 1;
  checked(ioctl(machine_.number, KVM_ENABLE_CAP, &exits), "KVM_ENABLE_CAP");
  offer_everything();
  void* memory = mmap(nullptr, shared_bytes_, PROT_READ | PROT_WRITE, MAP_SHARED, processor_.number, 0);
  if (memory == MAP_FAILED)
    throw error("kvm_run");
  shared_ = static_cast<kvm_run*>(memory);
  shared_->kvm_valid_regs = KVM_SYNC_X86_REGS | KVM_SYNC_X86_SREGS;
}

KvmProcessor::~KvmProcessor() { munmap(shared_, shared_bytes_); }

void KvmProcessor::offer_everything() {
  Cpuid cpuid{};
  cpuid.count = cpuid.entries.size();
  checked(ioctl(device_.number, GET_SUPPORTED_CPUID, &cpuid), "KVM_GET_SUPPORTED_CPUID");
  for (kvm_cpuid_entry2& entry : std::span(cpuid.entries).first(cpuid.count))
    extend(entry);
  checked(ioctl(processor_.number, SET_CPUID2, &cpuid), "KVM_SET_CPUID2");
}

void KvmProcessor::map(std::uint32_t slot, std::uint64_t physical, std::span<std::byte> memory) {
  unmap(slot);
  kvm_userspace_memory_region region{};
  region.slot = slot;
  region.guest_phys_addr = physical;
  region.memory_size = memory.size();
  region.userspace_addr = reinterpret_cast<std::uintptr_t>(memory.data());
  checked(ioctl(machine_.number, KVM_SET_USER_MEMORY_REGION, &region), "KVM_SET_USER_MEMORY_REGION");
}

// Of a slot that is not there, KVM says that there is nothing to delete.
void KvmProcessor::unmap(std::uint32_t slot) {
  kvm_userspace_memory_region region{};
  region.slot = slot;
  if (ioctl(machine_.number, KVM_SET_USER_MEMORY_REGION, &region) != 0 && errno != EINVAL)
    throw error("KVM_SET_USER_MEMORY_REGION");
}

bool KvmProcessor::set(const System& system) {
  kvm_sregs& registers = shared_->s.regs.sregs;
  checked(ioctl(processor_.number, KVM_GET_SREGS, &registers), "KVM_GET_SREGS");
  set_privilege(registers, false);
  registers.tr = task_at(system.tss);
  registers.ldt.unusable = 1;
  registers.gdt = {system.gdt, gdt_entries * 8 - 1, {}};
  registers.idt = {system.idt, idt_entries * 16 - 1, {}};
  registers.cr0 = CR0;
  registers.cr3 = system.cr3;
  registers.cr4 = CR4 | (system.levels == 5 ? CR4_LA57 : 0);
  registers.efer = EFER;
  return ioctl(processor_.number, KVM_SET_SREGS, &registers) == 0;
}

// The registers of the last stop are in shared memory.
void KvmProcessor::become(bool user) {
  kvm_sregs& registers = shared_->s.regs.sregs;
  if ((registers.cs.dpl == 3) == user)
    return;
  set_privilege(registers, user);
  shared_->kvm_dirty_regs |= KVM_SYNC_X86_SREGS;
}

KvmProcessor::Stop KvmProcessor::run(const Registers& registers, bool user, const Deadline& deadline) {
  kvm_regs& all = shared_->s.regs.regs;
  all = {};
  all.rip = registers.rip;
  all.rsp = registers.rsp;
  all.rax = registers.rax;
  all.rdx = registers.rdx;
  all.rdi = registers.rdi;
  all.rflags = 2;
  shared_->kvm_dirty_regs = KVM_SYNC_X86_REGS;
  become(user);
  let_through(deadline);
  std::optional<std::uint64_t> touched;
  for (run_until_exit(deadline); shared_->exit_reason == KVM_EXIT_MMIO; run_until_exit(deadline))
    touched = shared_->mmio.phys_addr;
  return {why(), all.rip, all.rsp, shared_->s.regs.sregs.cr2, touched};
}

// The signal of this deadline, while the processor runs.
void KvmProcessor::let_through(const Deadline& deadline) {
  SignalMask mask{8, {}};
  std::memcpy(mask.set.data(), &deadline.interruptible(), mask.set.size());
  checked(ioctl(processor_.number, SET_SIGNAL_MASK, &mask), "KVM_SET_SIGNAL_MASK");
}

KvmProcessor::Why KvmProcessor::why() const {
  if (shared_->exit_reason == KVM_EXIT_HLT)
    return Why::halted;
  if (shared_->exit_reason == KVM_EXIT_INTERNAL_ERROR
      && shared_->internal.suberror == KVM_INTERNAL_ERROR_EMULATION)
    return Why::no_emulator;
  throw std::runtime_error("kvm: exit " + std::to_string(shared_->exit_reason));
}

void KvmProcessor::run_until_exit(const Deadline& deadline) {
  while (ioctl(processor_.number, KVM_RUN, 0) != 0) {
    if (errno != EINTR)
      throw error("KVM_RUN");
    if (deadline.is_over())
      throw std::runtime_error("kvm: a batch took too long");
  }
}

std::optional<std::uint64_t> KvmProcessor::translate(std::uint64_t address) const {
  kvm_translation translation{};
  translation.linear_address = address;
  checked(ioctl(processor_.number, KVM_TRANSLATE, &translation), "KVM_TRANSLATE");
  return translation.valid != 0 ? std::optional<std::uint64_t>(translation.physical_address) : std::nullopt;
}

} // namespace pagetwin::emulators
