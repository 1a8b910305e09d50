// The ARMv7 guest: in Hyp mode, its own MMU off. Reads and writes are asked by ATS1C.., which walk anew each
// time and end in the PAR, in Hyp mode always the one of 64 bits, so that supersections have their whole
// address there. Fetches go to PL1 or PL0 itself, under a stage 2 of the harness that lets nothing be executed,
// as for AArch64. A fault of stage 1 needs a vector of PL1, in the same 32 bits of addresses: with TTBCR.N=1 the
// table under test has the half that the fetch goes to, and the harness the other one, by turns. Vectors are
// `hvc`, at a physical address of 40 bits that no other table leads to and from which alone stage 2 lets be
// executed. Rule: ARM ARM (DDI 0406C), B3.5.4 (TTBCR.N), B3.11 (PAR formats), B3.13 (IFSR, HSR, HPFAR), B4.1
// (ATS1C..). It refuses to know what a table is.
// Steps that keep the TLB (mailbox.h) are loads and stores of PL1, one each time it is entered, for the user by LDRT
// and STRT. Their code is beside the vectors, so that all of one edit are in one half of the addresses. They are
// invalidated from here, by TLBIMVAAIS and TLBIALLIS (B4.2.2).
// mailbox.h: register 0 is the root; of an edit 1 is bit 31 of its addresses, 2 the harness's stage 2, 3 where that has
// `window`. A cell becomes the PAR; for a fetch HPFAR and HSR, or nothing and the IFSR with bit 63 set; so does a load
// or store that faults, with the DFSR, and one that went through what was loaded and nothing.

#define MAILBOX 0x40200000
#define ENDS    80
#define CELLS   128
#define STEP    (MAILBOX + CELLS + 32768*16)
#define FORGET  1
#define KEEP    2
#define SPSR_PL1 0x1d3          // Supervisor mode, all masked
#define SPSR_PL0 0x1d0
#define SCTLR   0x20c50079      // AFE, what is RAO, and M
#define CLIENTS 0x55555555      // DACR
#define HCR_VM  1
#define VTCR    0x80003558      // 40 bits, from level 1 on

#define PAR_EXTERNAL 0x2b        // F, and FST of an external abort on a walk
#define PAR_IS_READ 12          // bytes from an operation to where the PAR has been read

#define RAM     0x40000000
#define WINDOW  0x10000000      // the harness, for PL1; its half of the addresses comes on top
#define UPPER   0x80000000

  .syntax unified
  .arch armv7-a
  .arch_extension virt
  .section .text.start
  .globl _start
_start:
  ldr sp, =stack_top
  ldr r0, =hyp_vectors
  mcr p15, 4, r0, c12, c0, 0    // HVBAR
  ldr r0, =SCTLR
  mcr p15, 0, r0, c1, c0, 0
  ldr r0, =CLIENTS
  mcr p15, 0, r0, c3, c0, 0
  ldr r0, =VTCR
  mcr p15, 4, r0, c2, c1, 2
  bl signal

batch:
  bl wait
  ldr r4, =MAILBOX
  add r5, r4, #CELLS            // the next cell
  add r6, r4, #ENDS             // the end of the next group
  ldr r10, [r4]
  ldr r2, =STEP
  ldr r0, [r2]
  cmp r0, #0
  bne edit
  ldr r12, =came_back           // from the fetch
  bl whole_range

  .macro ask operation
  bl next_group
1:
  cmp r5, r7
  bhs 2f
  ldr r0, [r5]
  mcr p15, 0, r0, c7, c8, \operation
  isb
  mrrc p15, 0, r0, r1, c7       // PAR
  strd r0, r1, [r5], #16
  b 1b
2:
  .endm

  ask 0                         // ATS1CPR
  ask 1                         // ATS1CPW
  ldr r8, =SPSR_PL1
  bl fetch_group
  ask 2                         // ATS1CUR
  ask 3                         // ATS1CUW
  ldr r8, =SPSR_PL0
  bl fetch_group
  bl signal
  b batch

next_group:                     // r7: one past its last cell
  ldr r7, [r6], #8
  add r7, r4, r7, lsl #4
  add r7, r7, #CELLS
  bx lr

whole_range:                    // TTBR0 and nothing else, and no stage 2
  mov r0, #0
  mcr p15, 4, r0, c1, c1, 0     // HCR
  mcr p15, 0, r0, c2, c0, 2     // TTBCR
  mcr p15, 0, r10, c2, c0, 0
  b forget

one_half:
  ldr r0, =stage2
  ldr r1, =window
half:                           // r9: what addresses of the table under test have as bit 31; r0: stage 2, r1: window
  mov r2, #0
  mcrr p15, 6, r0, r2, c2       // VTTBR
  mov r0, #HCR_VM
  mcr p15, 4, r0, c1, c1, 0
  mov r0, #1
  mcr p15, 0, r0, c2, c0, 2
  cmp r9, #0
  moveq r0, r10
  movne r0, r1
  movne r1, r10
  mcr p15, 0, r0, c2, c0, 0     // TTBR0
  mcr p15, 0, r1, c2, c0, 1     // TTBR1
  ldr r0, =vectors - RAM + WINDOW
  eor r1, r9, #UPPER
  orr r0, r0, r1
  mcr p15, 0, r0, c12, c0, 0    // VBAR
forget:
  mcr p15, 4, r0, c8, c7, 4     // TLBIALLNSNH
  dsb
  isb
  bx lr

fetch_group:
  mov r11, lr
  bl next_group
  mov r9, #0
  bl one_half
fetch:
  cmp r5, r7
  bhs fetched
  ldr r0, [r5]
  eor r1, r0, r9
  tst r1, #UPPER
  beq 1f
  eor r9, r9, #UPPER
  bl one_half
  ldr r0, [r5]
1:
  bic r0, r0, #3                // or it is the alignment that faults
  msr ELR_hyp, r0
  msr spsr_fsxc, r8
  eret
came_back:
  mrc p15, 4, r1, c5, c2, 0     // HSR
  mrc p15, 4, r0, c6, c0, 4     // HPFAR
  mov r2, r1
  mov r3, #0
  lsr r1, r1, #26
  cmp r1, #0x12                 // from a vector
  moveq r0, #0
  mrceq p15, 0, r2, c5, c0, 1   // IFSR
  moveq r3, #UPPER
  mov r1, #0
  strd r0, r1, [r5], #8
  strd r2, r3, [r5], #8
  b fetch
fetched:
  mov lr, r11
  b whole_range

edit:                           // r0: the step, r2: where it is in the mailbox
  ldr r9, [r4, #8]
  ldr r12, =accessed
  ldr r8, =SPSR_PL1
  cmp r0, #KEEP
  beq accesses
  bhi invalidate
  ldr r0, [r4, #16]
  ldr r1, [r4, #24]
  bl half
  b accesses
invalidate:
  ldr r0, [r2, #8]              // how many pages; -1 is everything
  cmn r0, #1
  mcreq p15, 0, r0, c8, c3, 0   // TLBIALLIS
  beq accesses
  add r2, r2, #16
1:
  cmp r0, #0
  beq accesses
  ldr r1, [r2], #8
  bfc r1, #0, #12
  mcr p15, 0, r1, c8, c3, 3     // TLBIMVAAIS
  sub r0, r0, #1
  b 1b
accesses:
  dsb
  isb
  eor r10, r9, #UPPER           // the harness's half
  .macro access operation
  ldr r9, =\operation - RAM + WINDOW
  orr r9, r9, r10
  bl access_group
  .endm
  access load
  access store
  bl next_group                 // no fetches
  access load_of_user
  access store_of_user
  bl signal
  b batch

access_group:                   // r9: its code, as PL1 sees it
  mov r11, lr
  bl next_group
access_one:
  cmp r5, r7
  bxhs r11
  ldr r0, [r5]
  mov r2, #0
  mov r3, #0
  msr ELR_hyp, r9
  msr spsr_fsxc, r8
  eret
accessed:
  mrc p15, 4, r0, c5, c2, 0     // HSR
  lsr r1, r0, #26
  cmp r1, #0x12                 // HVC
  mov r1, #0
  bne of_stage2
  tst r0, #1                    // of an access that went through
  movne r0, #0
  bne answer
  mrc p15, 0, r0, c5, c0, 0     // DFSR, from a vector
  mov r1, #UPPER
  b answer
of_stage2:
  mrc p15, 4, r2, c6, c0, 4     // HPFAR
  mov r3, #0
answer:
  strd r2, r3, [r5], #8
  strd r0, r1, [r5], #8
  b access_one

// Semihosting: SYS_READC sleeps until a byte comes, SYS_WRITEC sends one.
wait:
  mov r0, #7
  mov r1, #0
  svc #0x123456
  bx lr
signal:
  dsb
  mov r0, #3
  ldr r1, =stack_top            // any byte
  svc #0x123456
  bx lr
  .ltorg

walk_left_ram:                  // an external abort, and not in the PAR
  mrs r0, ELR_hyp
  add r0, r0, #PAR_IS_READ
  msr ELR_hyp, r0
  mov r0, #PAR_EXTERNAL
  mov r1, #0
  eret

  .balign 32
hyp_vectors:
  .rept 4
  b .                           // a fault of Hyp mode's own: the harness loses patience
  .endr
  b walk_left_ram               // a data abort, which only `ask` can have
  bx r12                        // from PL1 and PL0
  .rept 2
  b .
  .endr

  .balign 32
vectors:
  .rept 8
  hvc #0
  .endr
// Of PL1: r0 is the address, r2 and r3 what is there.
load:
  ldrd r2, r3, [r0]
  hvc #1
store:
  strd r2, r3, [r0]
  hvc #1
load_of_user:
  ldrt r2, [r0], #4
  ldrt r3, [r0]
  hvc #1
store_of_user:
  strt r2, [r0]
  hvc #1

  .data
// The harness's stage 2, a GiB each: RAM for walks, and once more, at the address of `window`, for execution.
// Normal memory, AF, shareable.
#define BLOCK   0x73d
#define READ    0x40
#define XN      (1 << 54)
#define EXECUTE_AT 0xa540000000
  .balign 8192
stage2:
  .quad 0, RAM + BLOCK + READ + XN, 2 * RAM + BLOCK + READ + XN
  .fill (EXECUTE_AT >> 30) - 3, 8, 0
  .quad RAM + BLOCK + READ
  .fill 1023 - (EXECUTE_AT >> 30), 8, 0

// A supersection for PL1, in either half: PA[35:32], PA[39:36], type, AF, read-only, Normal memory.
#define SUPERSECTION (RAM + (5 << 20) + (0xa << 5) + 0x4940e)
  .section .window, "a"         // armv7.ld says where
window:
  .fill WINDOW >> 20, 4, 0
  .fill 16, 4, SUPERSECTION
  .fill (UPPER >> 20) - 16, 4, 0
  .fill 16, 4, SUPERSECTION
  .fill 4096 - ((UPPER + WINDOW) >> 20) - 16, 4, 0

  .section .bss
  .balign 16
  .skip 4096
stack_top:
  .skip 16
