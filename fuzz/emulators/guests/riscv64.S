// The RISC-V guest: in M-mode, on a processor with the hypervisor extension. It makes accesses as a guest of its
// own would, in VS-mode or VU-mode, through both stages (vsatp, hgatp), one of which is the table under test. The
// other one, or physical memory protection, which is nothing to M-mode, lets the memory of tables be read and
// nothing else, so that nothing is ever stored or executed. Where an access goes through the VS-stage and not
// through the G-stage, the guest-page fault names the address between them (mtval2). Rule: The RISC-V Instruction
// Set Manual, volume II, "H" extension: HLV and HSV, "Trap Cause Codes", mtval2, mtinst; "Physical Memory
// Protection". It refuses to know what a table is.
// Steps that keep the TLB (mailbox.h) load eight bytes and store eight, by HLV and HSV of the kernel, and invalidate
// by HFENCE.VVMA, or by HFENCE.GVMA where the table is a G-stage; a page whose tables are owed, too, takes a fence of
// everything ("Hypervisor Memory-Management Fence Instructions", and SFENCE.VMA, which by address orders leaves
// only). A load that went through becomes what it found.
// mailbox.h: registers 0 to 5 are vsatp, hgatp, pmpcfg0 and pmpaddr0 to pmpaddr2, 6 is 1 for a G-stage. A cell
// becomes the guest physical address of a guest-page fault, without its last two bits, and mcause | mtinst << 8;
// mcause of an access that went through is 255.

#define MAILBOX   0x80100000
#define ENDS      80
#define CELLS     128
#define STEP      (MAILBOX + CELLS + 32768*16)
#define FORGET    1
#define KEEP      2
#define MSTATUS_MPP  0x1800
#define MSTATUS_MPP_S 0x800
#define HSTATUS_SPVP 0x100
#define NO_FAULT  255

  .section .text.start
  .globl _start
_start:
  la sp, stack_top
  la t0, trap
  csrw mtvec, t0
  li t0, 1
  slli t0, t0, 62               // PBMTE
  csrw 0x30a, t0                // menvcfg
  csrw henvcfg, t0
  li s8, 1
  slli s8, s8, 39               // MPV
  call signal

batch:
  call wait
  li s9, MAILBOX
  li s0, CELLS                  // the next cell
  add s0, s0, s9
  addi s10, s9, ENDS            // the end of the next group
  li s4, STEP
  ld s5, 0(s4)
  ld s6, 48(s9)
  li t0, FORGET
  bgtu s5, t0, accesses
  ld t0, 0(s9)
  csrw vsatp, t0
  csrw satp, t0                 // QEMU 7.2 says page fault or access fault by this one's mode
  ld t0, 8(s9)
  csrw hgatp, t0
  ld t0, 24(s9)
  csrw pmpaddr0, t0
  ld t0, 32(s9)
  csrw pmpaddr1, t0
  ld t0, 40(s9)
  csrw pmpaddr2, t0
  ld t0, 16(s9)
  csrw pmpcfg0, t0
  li t0, HSTATUS_SPVP           // kernel
  csrs hstatus, t0
  bnez s5, forget
  li s11, MSTATUS_MPP_S
  call three_groups
  li t0, HSTATUS_SPVP           // user
  csrc hstatus, t0
  li s11, 0
  call three_groups
  call signal
  j batch

forget:
  hfence.vvma
  hfence.gvma
  j loads
accesses:
  li t0, KEEP
  beq s5, t0, loads
  ld t1, 8(s4)                  // how many pages; -1 is everything
  addi t2, s4, 16
  bltz t1, everything
fence:
  beqz t1, loads
  ld t0, 0(t2)
  andi t3, t0, 1
  bnez t3, everything
  bnez s6, fence_g
  hfence.vvma t0
  j fenced
fence_g:
  srli t0, t0, 2                // as it is told guest physical addresses
  hfence.gvma t0
fenced:
  addi t1, t1, -1
  addi t2, t2, 8
  j fence
everything:
  bnez s6, everything_g
  hfence.vvma
  j loads
everything_g:
  hfence.gvma
loads:
  call next_group
  la s3, load
load:
  beq s0, s1, loads_done
  ld t0, 0(s0)
  hlv.d t1, (t0)
  sd t1, 0(s0)
  li t1, NO_FAULT
  sd t1, 8(s0)
  addi s0, s0, 16
  j load
loads_done:
  call next_group
  la s3, store
store:
  beq s0, s1, stores_done
  ld t0, 0(s0)
  hsv.d zero, (t0)
  call went_through
  j store
stores_done:
  call signal
  j batch

// Reads, writes and fetches of one privilege. s3: where a trap goes on.
three_groups:
  mv s7, ra
  hfence.vvma                   // the tables, or the privilege, changed; hlv shares its translations
  hfence.gvma
  call next_group
  la s3, read
read:
  beq s0, s1, reads_done
  ld t0, 0(s0)
  hlv.b t1, (t0)
  call went_through
  j read
reads_done:
  call next_group
  la s3, write
write:
  beq s0, s1, writes_done
  ld t0, 0(s0)
  hsv.b zero, (t0)
  call went_through
  j write
writes_done:
  call next_group
  la s3, fetch
  li t0, MSTATUS_MPP
  csrc mstatus, t0
  or t0, s11, s8
  csrs mstatus, t0              // and each trap leaves it so again
fetch:
  beq s0, s1, fetches_done
  ld t0, 0(s0)
  csrw mepc, t0
  mret                          // comes back as a trap
fetches_done:
  jr s7

next_group:                     // s1: one past its last cell
  ld s1, 0(s10)
  addi s10, s10, 8
  slli s1, s1, 4
  add s1, s1, s9
  addi s1, s1, CELLS
  ret

went_through:
  li t1, NO_FAULT
  sd t1, 8(s0)
  addi s0, s0, 16
  ret

  .balign 4
trap:                           // M-mode already: no mret
  csrr t0, mcause
  csrr t1, mtval2
  csrr t2, mtinst
  slli t1, t1, 2
  slli t2, t2, 8
  or t0, t0, t2
  sd t1, 0(s0)
  sd t0, 8(s0)
  addi s0, s0, 16
  jr s3

// Semihosting: SYS_READC sleeps until a byte comes, SYS_WRITEC sends one.
wait:
  li a0, 7
  li a1, 0
  j semihost
signal:
  fence
  li a0, 3
  la a1, stack_top              // any byte
  .balign 16                    // the three must lie in one page, uncompressed
semihost:
  .option push
  .option norvc
  slli zero, zero, 0x1f
  ebreak
  srai zero, zero, 7
  .option pop
  ret

  .section .bss
  .balign 16
  .skip 4096
stack_top:
  .skip 16
