# The foreign MMUs of fuzz/emulators. Each is optional: AUTO takes it where it is found, ON insists, OFF leaves it out. What
# is left out is said here, and by every program that would have asked it.
set(PAGETWIN_UNICORN AUTO CACHE STRING "libunicorn walks AArch64 tables: AUTO, ON or OFF")
set_property(CACHE PAGETWIN_UNICORN PROPERTY STRINGS AUTO ON OFF)

# Says that something is left out, and ends where PAGETWIN_<name> insists on it.
function(pagetwin_leave_out name what reason)
  if(PAGETWIN_${name} STREQUAL "ON")
    message(FATAL_ERROR "PAGETWIN_${name} is ON, but ${reason}")
  endif()
  message(STATUS "pagetwin: skipped ${what}: ${reason}")
endfunction()

# Sets <name>_FOUND, and <name>_ABSENT to the reason when it is not.
function(pagetwin_find_emulator name module package)
  set(found OFF)
  if(PAGETWIN_${name} STREQUAL "OFF")
    set(reason "PAGETWIN_${name} is OFF")
  else()
    find_package(PkgConfig QUIET)
    if(PkgConfig_FOUND)
      pkg_check_modules(${name} QUIET IMPORTED_TARGET ${module})
    endif()
    set(found ${${name}_FOUND})
    set(reason "${package} was not found when this was built: scripts/bootstrap --oracles installs it")
  endif()
  if(NOT found)
    pagetwin_leave_out(${name} "the emulator ${module}" "${reason}")
  endif()
  set(${name}_FOUND ${found} PARENT_SCOPE)
  set(${name}_ABSENT "${reason}" PARENT_SCOPE)
endfunction()

pagetwin_find_emulator(UNICORN "unicorn>=2.0.1" libunicorn-dev)

# KVM needs the kernel's header and a processor of this kind; the device is looked for when it is to be opened.
set(PAGETWIN_KVM AUTO CACHE STRING "/dev/kvm walks x86-64 tables: AUTO, ON or OFF")
set_property(CACHE PAGETWIN_KVM PROPERTY STRINGS AUTO ON OFF)
include(CheckIncludeFileCXX)
check_include_file_cxx(linux/kvm.h PAGETWIN_KVM_HEADER)
set(KVM_ABSENT "")
if(PAGETWIN_KVM STREQUAL "OFF")
  set(KVM_ABSENT "PAGETWIN_KVM is OFF")
elseif(NOT CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64)$")
  set(KVM_ABSENT "this was built for ${CMAKE_SYSTEM_PROCESSOR}, not for x86-64")
elseif(NOT PAGETWIN_KVM_HEADER)
  set(KVM_ABSENT "linux/kvm.h was not found when this was built: it is in linux-libc-dev")
endif()
if(KVM_ABSENT)
  pagetwin_leave_out(KVM "the emulator kvm" "${KVM_ABSENT}")
endif()

# Of each emulator either its own files, or the one that says why it is absent.
set(kvm_files kvm.cpp kvm_features.cpp kvm_guest.cpp kvm_processor.cpp)
set(left_out "")
set(links "")
set(PAGETWIN_TESTS_LEFT_OUT "") # whole paths
if(UNICORN_FOUND)
  list(APPEND left_out unicorn_absent.cpp)
  set(links LINK PkgConfig::UNICORN)
else()
  list(APPEND left_out unicorn.cpp unicorn_cached.cpp unicorn_engine.cpp)
  list(APPEND PAGETWIN_TESTS_LEFT_OUT ${PROJECT_SOURCE_DIR}/tests/emulators/unicorn_engine_test.cpp)
endif()
if(KVM_ABSENT)
  list(APPEND left_out ${kvm_files})
  list(APPEND PAGETWIN_TESTS_LEFT_OUT ${PROJECT_SOURCE_DIR}/tests/emulators/kvm_features_test.cpp
       ${PROJECT_SOURCE_DIR}/tests/emulators/kvm_processor_test.cpp)
else()
  list(APPEND left_out kvm_absent.cpp)
endif()
list(TRANSFORM left_out PREPEND fuzz/emulators/)
pagetwin_library(pagetwin_emulators SOURCES fuzz/emulators EXCEPT ${left_out} ${links})
set_source_files_properties(fuzz/emulators/unicorn_absent.cpp PROPERTIES
  COMPILE_DEFINITIONS "PAGETWIN_UNICORN_ABSENT=\"${UNICORN_ABSENT}\"")
set_source_files_properties(fuzz/emulators/kvm_absent.cpp PROPERTIES
  COMPILE_DEFINITIONS "PAGETWIN_KVM_ABSENT=\"${KVM_ABSENT}\"")

# QEMU runs guests of our own. They are built by clang and lld alone, which know every architecture; QEMU itself is looked for
# when it is to be run.
set(PAGETWIN_QEMU AUTO CACHE STRING "Guests for QEMU, which walks AArch64, ARMv7, RISC-V and x86-64 tables: AUTO, ON or OFF")
set_property(CACHE PAGETWIN_QEMU PROPERTY STRINGS AUTO ON OFF)
find_program(PAGETWIN_GUEST_CLANG NAMES clang-19 clang)
find_program(PAGETWIN_GUEST_LLD NAMES ld.lld-19 ld.lld)
set(PAGETWIN_GUESTS ${PROJECT_BINARY_DIR}/guests)

# pagetwin_guest(architecture triple [flag...]): <architecture>.elf from fuzz/emulators/guests/<architecture>.S and .ld.
function(pagetwin_guest architecture triple)
  set(stem ${PROJECT_SOURCE_DIR}/fuzz/emulators/guests/${architecture})
  set(object ${PAGETWIN_GUESTS}/${architecture}.o)
  set(guest ${PAGETWIN_GUESTS}/${architecture}.elf)
  add_custom_command(OUTPUT ${guest} VERBATIM DEPENDS ${stem}.S ${stem}.ld
    COMMAND ${PAGETWIN_GUEST_CLANG} --target=${triple} ${ARGN} -Wa,--fatal-warnings -c ${stem}.S -o ${object}
    COMMAND ${PAGETWIN_GUEST_LLD} -static --build-id=none -T ${stem}.ld ${object} -o ${guest})
  set_property(GLOBAL APPEND PROPERTY PAGETWIN_GUEST_FILES ${guest})
endfunction()

if(PAGETWIN_QEMU STREQUAL "OFF")
  set(PAGETWIN_GUESTS_ABSENT "PAGETWIN_QEMU is OFF")
elseif(NOT PAGETWIN_GUEST_CLANG OR NOT PAGETWIN_GUEST_LLD)
  set(PAGETWIN_GUESTS_ABSENT "clang or ld.lld was not found when this was built: scripts/bootstrap --oracles installs them")
else()
  set(PAGETWIN_GUESTS_ABSENT "")
  file(MAKE_DIRECTORY ${PAGETWIN_GUESTS})
  pagetwin_guest(aarch64 aarch64-none-elf)
  pagetwin_guest(armv7 arm-none-eabi)
  pagetwin_guest(riscv64 riscv64-none-elf -march=rv64imach -mno-relax)
  pagetwin_guest(x86_64 x86_64-none-elf)
  set(plugin ${PAGETWIN_GUESTS}/plugin.so) # for this machine: QEMU loads it
  add_custom_command(OUTPUT ${plugin} VERBATIM DEPENDS ${PROJECT_SOURCE_DIR}/fuzz/emulators/guests/plugin.c
    COMMAND ${PAGETWIN_GUEST_CLANG} -O2 -Wall -Wextra -Werror -fPIC -shared -fvisibility=hidden
            ${PROJECT_SOURCE_DIR}/fuzz/emulators/guests/plugin.c -o ${plugin})
  set_property(GLOBAL APPEND PROPERTY PAGETWIN_GUEST_FILES ${plugin})
  get_property(guests GLOBAL PROPERTY PAGETWIN_GUEST_FILES)
  add_custom_target(pagetwin_guests DEPENDS ${guests})
  add_dependencies(pagetwin_emulators pagetwin_guests)
endif()
if(PAGETWIN_GUESTS_ABSENT)
  pagetwin_leave_out(QEMU "the guests for QEMU" "${PAGETWIN_GUESTS_ABSENT}")
endif()
set_source_files_properties(fuzz/emulators/qemu.cpp PROPERTIES
  COMPILE_DEFINITIONS "PAGETWIN_GUESTS=\"${PAGETWIN_GUESTS}\";PAGETWIN_GUESTS_ABSENT=\"${PAGETWIN_GUESTS_ABSENT}\"")
