// What the harness and a bare-metal guest tell each other, in guest RAM at a place that both know. It is C,
// for both. A byte that arrives means "a batch is here", a byte that leaves means "it is done"; in between
// the memory is the guest's. It refuses to know what registers and cells mean: each guest says.
#ifndef PAGETWIN_MAILBOX_H
#define PAGETWIN_MAILBOX_H

#include <stdint.h>

// Probes come in six groups, in this order, so that a guest needs no branch for each.
enum {
  GROUP_KERNEL_READ,
  GROUP_KERNEL_WRITE,
  GROUP_KERNEL_FETCH,
  GROUP_USER_READ,
  GROUP_USER_WRITE,
  GROUP_USER_FETCH,
  GROUPS
};
enum { MAILBOX_REGISTERS = 10, MAILBOX_CELLS = 32768, MAILBOX_PAGES = 512 };

// How a batch treats the TLB (cached_mmu.hpp). All but the first are real loads and stores, and those of the
// last three go on with what the one before left.
enum {
  STEP_WALK,       // walks anew; what every guest can do
  STEP_FORGET,     // begins with an empty TLB
  STEP_KEEP,       // invalidates nothing
  STEP_INVALIDATE, // `pages` first, or everything
};

// Before the batch: the address, and nothing. After it: the answer.
struct mailbox_cell {
  uint64_t first, second;
};

struct mailbox {
  uint64_t registers[MAILBOX_REGISTERS]; // how this table is to be walked
  uint64_t ends[GROUPS];                 // of each group, in cells
  struct mailbox_cell cells[MAILBOX_CELLS];
  uint64_t step;                 // one of the above
  uint64_t pages_count;          // UINT64_MAX: everything
  uint64_t pages[MAILBOX_PAGES]; // addresses
};

#endif
