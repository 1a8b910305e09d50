// A plugin of QEMU (TCG): it tells a guest the physical address of its last access, as QEMU's own MMU has
// found it, wherever that address leads. Only x86-64 needs it. It heeds the two instructions by which
// guests/x86_64.S makes accesses, and writes into the guest's RAM, where the guest looks afterwards. An
// address in RAM is counted in RAM, without the hole below 4 GiB, and has bit 63 set. Rule: QEMU 7.2,
// docs/devel/tcg-plugins, API version 1. Its header is in no package of Debian 12, so that the few functions
// are declared here. It refuses to know what a table is. Arguments: ram=<file of the RAM>, at=<offset of the
// cell in it, decimal>.
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

typedef uint64_t qemu_plugin_id_t;
typedef uint32_t qemu_plugin_meminfo_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
struct qemu_plugin_hwaddr;
struct qemu_info;
enum { QEMU_PLUGIN_CB_NO_REGS = 0, QEMU_PLUGIN_MEM_RW = 3 };

typedef void (*tb_callback)(qemu_plugin_id_t, struct qemu_plugin_tb*);
typedef void (*mem_callback)(unsigned, qemu_plugin_meminfo_t, uint64_t, void*);
void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t, tb_callback);
void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn*, mem_callback, int flags, int rw, void*);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb*);
struct qemu_plugin_insn* qemu_plugin_tb_get_insn(const struct qemu_plugin_tb*, size_t);
const void* qemu_plugin_insn_data(const struct qemu_plugin_insn*);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn*);
struct qemu_plugin_hwaddr* qemu_plugin_get_hwaddr(qemu_plugin_meminfo_t, uint64_t);
bool qemu_plugin_hwaddr_is_io(const struct qemu_plugin_hwaddr*);
uint64_t qemu_plugin_hwaddr_phys_addr(const struct qemu_plugin_hwaddr*);

__attribute__((visibility("default"))) int qemu_plugin_version = 1;

static uint64_t* cell;

static void tell(unsigned cpu, qemu_plugin_meminfo_t info, uint64_t va, void* unused) {
  (void)cpu;
  (void)unused;
  const struct qemu_plugin_hwaddr* address = qemu_plugin_get_hwaddr(info, va);
  if (address == NULL)
    *cell = UINT64_MAX;
  else
    *cell = qemu_plugin_hwaddr_phys_addr(address) | (uint64_t)!qemu_plugin_hwaddr_is_io(address) << 63;
}

static bool is(const struct qemu_plugin_insn* instruction, const char* bytes, size_t size) {
  return qemu_plugin_insn_size(instruction) == size
         && memcmp(qemu_plugin_insn_data(instruction), bytes, size) == 0;
}

static void look(qemu_plugin_id_t id, struct qemu_plugin_tb* block) {
  (void)id;
  for (size_t i = 0; i < qemu_plugin_tb_n_insns(block); ++i) {
    struct qemu_plugin_insn* const instruction = qemu_plugin_tb_get_insn(block, i);
    const bool read = is(instruction, "\x8a\x17", 2);          // movb (%rdi), %dl
    const bool write = is(instruction, "\xf0\x80\x0f\x00", 4); // lock orb $0, (%rdi)
    if (read || write)
      qemu_plugin_register_vcpu_mem_cb(instruction, tell, QEMU_PLUGIN_CB_NO_REGS, QEMU_PLUGIN_MEM_RW, NULL);
  }
}

static const char* value_of(int count, char** arguments, const char* name) {
  const size_t length = strlen(name);
  for (int i = 0; i < count; ++i)
    if (strncmp(arguments[i], name, length) == 0)
      return arguments[i] + length;
  return "";
}

__attribute__((visibility("default"))) int
qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info* info, int count, char** arguments) {
  (void)info;
  const int file = open(value_of(count, arguments, "ram="), O_RDWR);
  const off_t at = atoll(value_of(count, arguments, "at="));
  const off_t page = at & ~(off_t)4095;
  char* const mapped = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, page);
  if (file < 0 || mapped == MAP_FAILED)
    return -1;
  cell = (uint64_t*)(mapped + (at - page));
  qemu_plugin_register_vcpu_tb_trans_cb(id, look);
  return 0;
}
