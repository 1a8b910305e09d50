// The AArch64 guest: at EL2, its own MMU off, HCR_EL2.E2H=0. Reads and writes are asked by AT, which walks anew
// each time and ends in PAR_EL1. There is no AT for fetches: those go to EL1 or EL0 itself, under a stage 2 of
// the harness that lets nothing be executed, so that what stage 1 lets through comes back to EL2 with its
// address (HPFAR_EL2), and no instruction ever runs. A fault of stage 1 goes to the vector of EL1, which is not
// mapped, and so to EL2, too, with its reason in ESR_EL1. Rule: Arm ARM (DDI 0487), C5.5 (AT), D1 (exception
// entry), D24.2 (PAR_EL1, ESR_ELx, HPFAR_EL2). It refuses to know what a table is.
// Steps that keep the TLB (mailbox.h) are loads and stores of EL1 itself, for the user by LDTR and STTR. Its code
// and the mailbox are mapped by TTBR1_EL1, through a second stage in which the harness has put this RAM at
// HARNESS_IPA. They are invalidated from here, by TLBI (C5.5) of EL1&0.
// Where stage 2 is the table under test, EL1 has no stage 1, and its code is one page that the harness has put at
// CODE_IPA. It enters the TLB through the harness's own stage 2, of the same VMID, just before each access, which
// then goes through the table. Invalidated are stage 2 and, as Arm has it, what of it stage 1 was combined with.
// mailbox.h: registers are those of `load` below, and 9 is the stage. A cell becomes PAR_EL1; for a fetch
// HPFAR_EL2 and ESR_EL2, or nothing and ESR_EL1 with bit 63 set; so does a load or store that faults, and one that
// went through what was loaded and nothing. Through stage 2 it is ESR_EL1 also where there was no memory.

#define MAILBOX 0x40200000
#define ENDS    80
#define CELLS   128
#define STEP    (MAILBOX + CELLS + 32768*16)
#define FORGET  1
#define KEEP    2
#define RAM     0x40000000
#define HARNESS_IPA 0x700000000000 // qemu_aarch64.cpp: harness_ipa
#define HARNESS_VA  0xffffff8000000000
#define CODE_IPA    0x5a5a5a5000 // qemu_aarch64.cpp: code_ipa
#define NOT_MAPPED  0xffffffc000000000 // in TTBR1's range
#define SPSR_EL1h 0x3c5
#define SPSR_EL0t 0x3c0

  .arch armv8-a
  .section .text.start
  .globl _start
_start:
  ldr x0, =stack_top
  mov sp, x0
  ldr x0, =vectors
  msr vbar_el2, x0
  mov x0, #0xff
  msr mair_el1, x0
  mov x0, #1 << 31              // RW
  msr hcr_el2, x0
  isb
  bl signal

batch:
  bl wait
  ldr x19, =MAILBOX
  add x20, x19, #CELLS          // the next cell
  add x22, x19, #ENDS           // the end of the next group
  ldr x26, =STEP
  ldr x28, [x26]
  cmp x28, #FORGET
  b.hi keep
  ldp x0, x1, [x19]
  msr tcr_el1, x0
  msr ttbr0_el1, x1
  ldr x0, [x19, #16]
  msr sctlr_el1, x0
  b.eq forget
  adr x25, came_back            // from the fetch
  ldr x0, =NOT_MAPPED
  msr vbar_el1, x0
  msr ttbr1_el1, xzr            // where stage 2 maps nothing
  ldr x28, [x19, #72]
  bl under_test
  tlbi alle1
  dsb sy
  isb

  .macro ask_one operation
  bl next_group
1:
  cmp x20, x21
  b.hs 2f
  ldr x0, [x20]
  at \operation, x0
  isb
  mrs x0, par_el1
  str x0, [x20], #16
  b 1b
2:
  .endm
  .macro ask stage1, stage2
  cmp x28, #2
  b.eq 3f
  ask_one \stage1
  b 4f
3:
  ask_one \stage2
4:
  .endm

  ask s1e1r, s12e1r
  ask s1e1w, s12e1w
  mov x23, #SPSR_EL1h
  bl fetch_group
  ask s1e0r, s12e0r
  ask s1e0w, s12e0w
  mov x23, #SPSR_EL0t
  bl fetch_group
  bl signal
  b batch

next_group:                     // x21: one past its last cell
  ldr x21, [x22], #8
  add x21, x19, x21, lsl #4
  add x21, x21, #CELLS
  ret

under_test:                     // registers 3 to 5: HCR_EL2, VTCR_EL2, VTTBR_EL2
  ldp x0, x1, [x19, #24]
  ldr x2, [x19, #40]
  b stage2
of_harness:                     // 6 to 8: the same
  ldp x0, x1, [x19, #48]
  ldr x2, [x19, #64]
stage2:
  msr hcr_el2, x0
  msr vtcr_el2, x1
  msr vttbr_el2, x2
  isb
  ret

fetch_group:
  mov x27, x30
  bl next_group
  cmp x20, x21
  b.hs fetched
  bl of_harness
  tlbi alle1
  dsb sy
  isb
fetch:
  ldr x0, [x20]
  bic x0, x0, #3                // or it is the alignment that faults
  msr elr_el2, x0
  msr spsr_el2, x23
  eret
came_back:
  mrs x1, esr_el2
  mrs x2, far_el2
  mrs x3, hpfar_el2
  cmp x2, x0
  b.eq answer
  mrs x1, esr_el1
  orr x1, x1, #1 << 63
  mov x3, #0
answer:
  stp x3, x1, [x20], #16
  cmp x20, x21
  b.lo fetch
  bl under_test
fetched:
  br x27

forget:
  ldr x24, [x19, #72]
  cmp x24, #2
  b.eq forget_stage2
  ldr x0, =HARNESS_IPA + (harness_table - RAM)
  msr ttbr1_el1, x0
  ldr x0, =HARNESS_VA + (el1_vectors - RAM)
  msr vbar_el1, x0
  bl of_harness
  tlbi alle1
  b accesses
keep:
  ldr x24, [x19, #72]
  cmp x24, #2
  b.eq keep_stage2
  cmp x28, #KEEP
  b.eq accesses

  // x26: the step. Each page that is named, in as many bits, or all that there is.
  .macro invalidate with_tables, leaves_only, bits, nothing, everything
  ldr x1, [x26, #8]             // how many pages; -1 is everything
  add x2, x26, #16
  cbz x1, \nothing
  tbnz x1, #63, \everything
1:
  ldr x0, [x2], #8
  sub x1, x1, #1
  ubfx x3, x0, #12, #\bits
  tbz x0, #0, 2f
  tlbi \with_tables, x3
  b 3f
2:
  tlbi \leaves_only, x3
3:
  cbnz x1, 1b
  .endm

  invalidate vaae1is, vaale1is, 44, accesses, all_of_stage1
  b accesses
all_of_stage1:
  tlbi vmalle1is
accesses:
  dsb sy
  isb
  adr x25, came_back_from_access
  ldr x29, =HARNESS_VA - RAM
  adr x0, at_el1
  add x0, x0, x29
  add x19, x19, x29
  add x20, x20, x29
  add x22, x22, x29
go_to_el1:
  msr elr_el2, x0
  mov x0, #SPSR_EL1h
  msr spsr_el2, x0
  eret
came_back_from_access:
  mrs x1, esr_el2
  ubfx x0, x1, #26, #6
  cmp x0, #0x16                 // HVC: done
  b.eq accesses_done
  mrs x3, hpfar_el2
  sub x20, x20, x29
  stp x3, x1, [x20], #16
  add x20, x20, x29
  mov x0, x24
  b go_to_el1
accesses_done:
  bl signal
  b batch

// At EL1, through TTBR1_EL1. x24: where a fault goes on.
at_el1:
  .macro access_group operation, value
  bl next_group
  adr x24, 1f
1:
  cmp x20, x21
  b.hs 2f
  ldr x0, [x20]
  mov x3, #0
  \operation \value, [x0]
  stp x3, xzr, [x20], #16
  b 1b
2:
  .endm
  access_group ldr, x3
  access_group str, xzr
  bl next_group                 // no fetches
  access_group ldtr, x3
  access_group sttr, xzr
  hvc #0
  .balign 2048
el1_vectors:
  .skip 0x200                   // of EL1 with its own stack pointer
  mrs x1, esr_el1
  orr x1, x1, #1 << 63
  stp xzr, x1, [x20], #16
  msr elr_el1, x24
  eret

forget_stage2:
  ldr x0, =CODE_IPA
  msr vbar_el1, x0
  bl under_test
  tlbi alle1
  b accesses_of_stage2
keep_stage2:
  cmp x28, #KEEP
  b.eq accesses_of_stage2
  invalidate ipas2e1is, ipas2le1is, 36, accesses_of_stage2, all_of_both
  dsb sy
  tlbi vmalle1is
  b accesses_of_stage2
all_of_both:
  tlbi vmalls12e1is
accesses_of_stage2:
  dsb sy
  isb
  .macro stage2_group operation
  ldr x24, =CODE_IPA + (\operation - code_page)
  bl through_stage2
  .endm
  stage2_group load
  stage2_group store
  bl next_group                 // no fetches
  stage2_group load_of_user
  stage2_group store_of_user
  bl signal
  b batch

through_stage2:                 // x24: code of EL1
  mov x27, x30
  bl next_group
1:
  cmp x20, x21
  b.hs fetched
  bl of_harness
  adr x25, code_is_known
  ldr x1, =CODE_IPA + (touch - code_page)
enter_el1:
  msr elr_el2, x1
  mov x1, #SPSR_EL1h
  msr spsr_el2, x1
  eret
code_is_known:
  bl under_test
  adr x25, went_through_stage2
  ldr x0, [x20]
  mov x3, #0
  mov x1, x24
  b enter_el1
went_through_stage2:
  mrs x1, esr_el2
  ubfx x0, x1, #26, #6
  cmp x0, #0x16                 // HVC
  b.ne 3f
  tbnz x1, #0, 2f
  mov x1, #0
  b 4f
2:
  mrs x1, esr_el1               // from the vector
  orr x1, x1, #1 << 63
3:
  mov x3, #0
4:
  stp x3, x1, [x20], #16
  b 1b

// Semihosting: SYS_READC sleeps until a byte comes, SYS_WRITEC sends one.
wait:
  mov w0, #7
  mov x1, #0
  hlt #0xf000
  ret
signal:
  dsb sy
  mov w0, #3
  ldr x1, =stack_top            // any byte
  hlt #0xf000
  ret

  .balign 2048
vectors:
  .rept 8
  .balign 128
  b .                           // a fault of EL2's own: the harness loses patience
  .endr
  .rept 8
  .balign 128
  br x25
  .endr

  .balign 4096
harness_table:                  // a block of 1 GiB: AF, for EL1
  .quad HARNESS_IPA | 0x401
  .fill 511, 8, 0

// At EL1, through stage 2: one page, its vectors first. x0 is the address, x3 what is there.
  .section .code_page, "ax"     // aarch64.ld says where
code_page:
  .skip 0x200                   // of EL1 with its own stack pointer
  hvc #1
  .balign 2048
touch:                          // by a load, too: code that has run may run again without a look at the TLB
  adr x1, touch
  ldr x1, [x1]
  hvc #0
load:
  ldr x3, [x0]
  hvc #0
store:
  str xzr, [x0]
  hvc #0
load_of_user:
  ldtr x3, [x0]
  hvc #0
store_of_user:
  sttr xzr, [x0]
  hvc #0

  .section .bss
  .balign 16
  .skip 4096
stack_top:
  .skip 16
