// The x86-64 guest. Its code, tables and mailbox are mapped by one slot of the root of the table under test,
// which the harness fills in; within that slot at 0 for the kernel, and again 8 MiB further on for user mode.
// The same loops run there in either mode. Reads are loads of a byte and writes are `lock or $0`, so that
// nothing changes. A fetch goes to two bytes of zero, which the harness chose within the page: `add %al,(%rax)`,
// and rax leads to a page that is never there. Rule: Intel SDM volume 3A, 4.7 (page-fault exceptions), 4.5
// (4-level and 5-level paging), 6.14 (exceptions in 64-bit mode), 9.8.5 (entering IA-32e mode); the PVH entry
// of Xen. It refuses to know what a table is.
// Steps that keep the TLB (mailbox.h) leave the table's CR3 in place between batches, and invalidate by INVLPG, or
// by loading CR3, which without CR4.PGE reaches global pages, too (4.10.4).
// mailbox.h: register 0 is CR3, 1 the number of levels, 2 whether to look for zeros instead of working. A cell
// becomes the physical address, if a plugin told it (plugin.c), and vector | error code << 8; the vector is 255
// for an access that went through. Looking for zeros: the address of the last two of sixteen and 255, or 254 if
// there are none. What the harness itself writes to is nowhere sixteen bytes of zero while it looks.

#define MAILBOX   0x200000
#define LEVELS    8
#define LOOKS     16
#define ENDS      80
#define CELLS     128
#define STEP      (MAILBOX + CELLS + 32768*16)
#define FORGET    1
#define KEEP      2
#define INVALIDATE 3
#define USER_ALIAS 0x800000
#define NEVER     0x2000000
#define NO_FAULT  255
#define NO_ZEROS  254

#define ROOT_SLOT 341           // x86_harness.hpp: x86_harness_slot
#define BASE_4    (0xffff000000000000 | ROOT_SLOT << 39)
#define BASE_5    (0xfe00000000000000 | ROOT_SLOT << 48)

#define CODE64    0x08
#define DATA      0x10
#define CODE32    0x18
#define USER_DATA 0x23
#define USER_CODE 0x2b
#define TSS       0x30

#define COM1      0x3f8
#define IRQ_BASE  0x20
#define COM1_IRQ  4
#define APIC_LINT0 0xfee00350
#define EXTINT    0x700

#define CR4_PAE   0x20
#define CR4_ALL   0x400620      // PKE, OSXMMEXCPT, OSFXSR, PAE
#define CR4_LA57  0x1000
#define CR0_ALL   0x80010033    // PG, WP, NE, ET, MP, PE
#define EFER      0xc0000080
#define EFER_NXE_LME_SCE 0x901

  .section .note.pvh, "a", @note
  .long 4, 4, 18                // XEN_ELFNOTE_PHYS32_ENTRY
  .asciz "Xen"
  .long _start

  .text
  .code32
  .globl _start
_start:
  cli
  movl $4, current_levels
  movl $1, is_boot
  movl $EXTINT, APIC_LINT0      // no firmware has let the 8259 through
enter:                          // paging is off
  movl $stack_top, %esp
  movl $CR4_ALL, %eax
  movl $root4, %ecx
  cmpl $5, current_levels
  jne 1f
  orl $CR4_LA57, %eax
  movl $root5, %ecx
1:
  movl %eax, %cr4
  movl %ecx, %cr3
  movl $EFER, %ecx
  movl $EFER_NXE_LME_SCE, %eax
  xorl %edx, %edx
  wrmsr
  lgdt low_gdtr
  movl $CR0_ALL, %eax
  movl %eax, %cr0
  ljmp $CODE64, $low
leave:                          // compatibility mode, still paging
  movl %cr0, %eax
  andl $0x7fffffff, %eax
  movl %eax, %cr0
  jmp enter

  .code64
low:
  movabs $BASE_4, %rbx
  cmpl $5, current_levels
  jne 1f
  movabs $BASE_5, %rbx
1:
  lea 2f(%rip), %rax
  add %rbx, %rax
  jmp *%rax
2:
  lea stack_top(%rip), %rsp
  mov $DATA, %eax
  mov %eax, %ds
  mov %eax, %es
  mov %eax, %ss
  call load_descriptors
  xor %ecx, %ecx                // PKRU
  xor %eax, %eax
  xor %edx, %edx
  wrpkru
  cmpl $0, is_boot(%rip)
  je batch
  movl $0, is_boot(%rip)
  call start_devices
  call signal
  call wait

batch:
  mov MAILBOX+LEVELS(%rbx), %rax
  cmp %eax, current_levels(%rip)
  je 1f
  mov %eax, current_levels(%rip)
  push $CODE32
  push $leave
  lretq
1:
  cmpl $KEEP, STEP(%rbx)
  je 4f
  mov MAILBOX(%rbx), %rax
  cmpl $INVALIDATE, STEP(%rbx)
  jne 3f
  mov STEP+8(%rbx), %rcx        // how many pages; -1 is everything
  lea STEP+16(%rbx), %rdx
  cmp $-1, %rcx
  je 3f
2:
  jrcxz 4f
  mov (%rdx), %rax
  invlpg (%rax)
  add $8, %rdx
  dec %rcx
  jmp 2b
3:
  mov %rax, %cr3
4:
  lea MAILBOX+CELLS(%rbx), %rsi // the next cell
  lea MAILBOX+ENDS(%rbx), %r12  // the end of the next group
  cmpq $0, MAILBOX+LOOKS(%rbx)
  jne look_for_zeros

  .macro kernel_group head
  lea \head(%rip), %r11
  lea 1f(%rip), %r13
  jmp run_kernel
1:
  .endm
  .macro user_group head
  lea \head(%rip), %r11
  lea 1f(%rip), %r13
  jmp run_user
1:
  .endm

  kernel_group read
  kernel_group write
  kernel_group fetch
  user_group read
  user_group write
  user_group fetch
done:
  mov STEP(%rbx), %eax
  sub $FORGET, %eax
  cmp $KEEP-FORGET, %eax
  jbe 2f                        // there is more to come
  lea root4(%rip), %rax
  cmpl $5, current_levels(%rip)
  jne 1f
  lea root5(%rip), %rax
1:
  sub %rbx, %rax
  mov %rax, %cr3
2:
  call signal
  call wait
  jmp batch

look_for_zeros:
  kernel_group look
  jmp done

// r13: where to go on. r11: the loop, where it also goes on after a fault. r10: how far from the kernel's
// mapping it runs. r8: the end of its cells.
run_kernel:
  xor %r10d, %r10d
  call next_group
  jmp *%r11
run_user:
  mov $USER_ALIAS, %r10d
  call next_group
  add %r10, %r11
  add %r10, %r8
  add %r10, %rsi
  push $USER_DATA
  push $0
  push $2
  push $USER_CODE
  push %r11
  iretq
next_group:
  mov (%r12), %r8
  add $8, %r12
  shl $4, %r8
  lea MAILBOX+CELLS(%rbx, %r8), %r8
  lea NEVER(%rbx), %rax
  ret

read:
  cmp %r8, %rsi
  jae group_done
  mov (%rsi), %rdi
  movb (%rdi), %dl
  mov physical(%rip), %rcx
  mov %rcx, (%rsi)
  movq $NO_FAULT, 8(%rsi)
  add $16, %rsi
  jmp read

write:
  cmp %r8, %rsi
  jae group_done
  mov (%rsi), %rdi
  lock orb $0, (%rdi)
  mov physical(%rip), %rcx
  mov %rcx, (%rsi)
  movq $NO_FAULT, 8(%rsi)
  add $16, %rsi
  jmp write

fetch:
  cmp %r8, %rsi
  jae group_done
  mov (%rsi), %rdi
  jmp *%rdi

look:                           // from the end of the page, so that QEMU has little to translate
  cmp %r8, %rsi
  jae group_done
  mov (%rsi), %rdx
  and $-4096, %rdx
  lea 4080(%rdx), %rdi
1:
  mov (%rdi), %rcx
  or 8(%rdi), %rcx
  je look_found
  sub $16, %rdi
  lea 16(%rdi), %rcx            // what was looked at last
  cmp %rdx, %rcx
  jne 1b
  movq $NO_ZEROS, 8(%rsi)
  jmp 2f
look_found:
  add $14, %rdi
  mov %rdi, (%rsi)
  movq $NO_FAULT, 8(%rsi)
2:
  add $16, %rsi
  jmp look

group_done:
  ud2

on_group_done:                  // #UD
  lea stack_top(%rip), %rsp
  sub %r10, %rsi
  jmp *%r13
on_stack_fault:
  mov $12, %ecx
  jmp fault
on_protection_fault:
  mov $13, %ecx
  jmp fault
on_page_fault:
  mov $14, %ecx
  mov %cr2, %rdx
  cmp %rax, %rdx                // the fetch went through, and what it fetched went nowhere
  jne fault
  mov $NO_FAULT, %ecx
fault:
  pop %rdx                      // the error code
  shl $8, %rdx
  or %rcx, %rdx
  mov %rsi, %rdi
  sub %r10, %rdi
  mov %rdx, 8(%rdi)
  add $16, %rsi
  mov %r11, (%rsp)
  iretq
on_serial:
  push %rax
  push %rdx
  mov $COM1, %edx
  in %dx, %al
  mov $0x20, %al                // end of interrupt
  out %al, $0x20
  movl $1, arrived(%rip)
  pop %rdx
  pop %rax
  iretq
on_anything_else:               // a fault of the harness's own: who waits will lose patience
  cli
  hlt
  jmp on_anything_else

wait:
  cli
  cmpl $0, arrived(%rip)
  jne 1f
  sti
  hlt
  jmp wait
1:
  movl $0, arrived(%rip)
  ret
signal:
  mov $COM1, %edx
  mov $'x', %al
  out %al, %dx
  ret

start_devices:
  .macro port number, value
  mov $\value, %al
  mov $\number, %edx
  out %al, %dx
  .endm
  port 0x20, 0x11               // the 8259: edge triggered, cascaded, ICW4 follows
  port 0x21, IRQ_BASE
  port 0x21, 4
  port 0x21, 1
  port 0xa0, 0x11
  port 0xa1, IRQ_BASE+8
  port 0xa1, 2
  port 0xa1, 1
  port 0xa1, 0xff
  port 0x21, 0xef               // all but COM1_IRQ
  port COM1+3, 3                // 8 bits
  port COM1+2, 0                // no FIFO
  port COM1+4, 8                // OUT2: interrupts reach the 8259
  port COM1+1, 1                // when a byte has come
  ret

load_descriptors:
  lea idt(%rip), %rdi
  xor %ecx, %ecx
1:
  lea on_anything_else(%rip), %rax
  call put_gate
  inc %ecx
  cmp $IRQ_BASE+16, %ecx
  jne 1b
  .macro gate vector, handler
  mov $\vector, %ecx
  lea \handler(%rip), %rax
  call put_gate
  .endm
  gate 6, on_group_done
  gate 12, on_stack_fault
  gate 13, on_protection_fault
  gate 14, on_page_fault
  gate IRQ_BASE+COM1_IRQ, on_serial
  lea tss(%rip), %rax
  lea stack_top(%rip), %rdx
  mov %rdx, 4(%rax)             // RSP0
  lea gdt(%rip), %rdi
  movw %ax, TSS+2(%rdi)
  shr $16, %rax
  movb %al, TSS+4(%rdi)
  movb $0x89, TSS+5(%rdi)       // available, not busy
  movb %ah, TSS+7(%rdi)
  shr $16, %rax
  mov %eax, TSS+8(%rdi)
  mov %rdi, gdtr+2(%rip)
  lgdt gdtr(%rip)
  lea idt(%rip), %rax
  mov %rax, idtr+2(%rip)
  lidt idtr(%rip)
  mov $TSS, %eax
  ltr %ax
  ret
put_gate:                       // rdi: table, ecx: vector, rax: handler
  mov %rcx, %rdx
  shl $4, %rdx
  movw %ax, (%rdi, %rdx)
  movw $CODE64, 2(%rdi, %rdx)
  movw $0x8e00, 4(%rdi, %rdx)
  shr $16, %rax
  movw %ax, 6(%rdi, %rdx)
  shr $16, %rax
  mov %rax, 8(%rdi, %rdx)
  ret

  .data
// The harness's own tables, a page each from 1 MiB on, as qemu_x86.cpp knows them: accessed and dirty, so that
// nothing is written there.
  .balign 4096
root4:
  .quad third + 0x27
  .fill ROOT_SLOT - 1, 8, 0
  .quad third + 0x27
  .fill 511 - ROOT_SLOT, 8, 0
root5:
  .quad fourth + 0x27
  .fill ROOT_SLOT - 1, 8, 0
  .quad fourth + 0x27
  .fill 511 - ROOT_SLOT, 8, 0
fourth:
  .quad third + 0x27
  .fill 511, 8, 0
third:
  .quad second + 0x27
  .fill 511, 8, 0
second:                         // 2 MiB pages: P, RW, A, D, PS, and U/S in the alias
  .quad 0x0000e3, 0x2000e3, 0, 0
  .quad 0x0000e7, 0x2000e7
  .fill 506, 8, 0
physical:                       // plugin.c writes here
  .quad -1
current_levels:
  .long 4
is_boot:
  .long 1
arrived:
  .long 0
  .balign 8
gdt:
  .quad 0, 0x00af9b000000ffff, 0x00cf93000000ffff, 0x00cf9b000000ffff, 0x00cff3000000ffff, 0x00affb000000ffff, 103, 0
  .balign 8
  .short 0, 0, 0
gdtr:
  .short 63
  .quad gdt
low_gdtr:
  .short 63
  .long gdt
idtr:
  .short (IRQ_BASE+16)*16-1
  .quad idt
  .balign 16
  .fill 1024, 4, -1
stack_top:
  .quad -1, -1

  .bss
  .balign 16
idt:
  .skip (IRQ_BASE+16)*16
tss:
  .skip 104
