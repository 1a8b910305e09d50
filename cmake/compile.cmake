# How code is compiled: one place for warnings, sanitizers and instrumentation, and the libraries' helper.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE RelWithDebInfo)
endif()
# Optimized, with symbols, and asserts of the libraries stay on: there is no other build type.
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g1")

add_compile_options(-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror)
if(PAGETWIN_FUZZ AND NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  message(FATAL_ERROR "PAGETWIN_FUZZ needs clang++ (libFuzzer); ${CMAKE_CXX_COMPILER_ID} builds the replay programs without it")
endif()

set(PAGETWIN_CHECKED "") # what sanitized code is compiled and linked with
if(PAGETWIN_SANITIZE)
  # vptr: a look-up per virtual call, a tenth of the speed, to find casts that nobody makes here.
  set(PAGETWIN_CHECKED -fsanitize=${PAGETWIN_SANITIZE} -fno-sanitize=vptr -fno-sanitize-recover=all -fno-omit-frame-pointer)
  # Stack use after return costs a tenth of the speed and cannot happen to tables that live in an arena.
  if(PAGETWIN_SANITIZE MATCHES "address" AND CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    list(APPEND PAGETWIN_CHECKED -fsanitize-address-use-after-return=never)
  endif()
  add_link_options(-fsanitize=${PAGETWIN_SANITIZE})
endif()
if(PAGETWIN_COVERAGE)
  add_compile_options(-fprofile-instr-generate -fcoverage-mapping)
  add_link_options(-fprofile-instr-generate)
endif()
# Coverage guides the engine through src. The reference takes the same decisions for the same programs: guided by both
# sides, the engine ran a tenth fewer operations and found planted bugs no sooner. Its own code and the oracles would
# only be noise. Comparisons are not traced: operands are chosen from pools, not found byte by byte, and tracing
# costs a third of the speed.
set(PAGETWIN_GUIDED "")
if(PAGETWIN_FUZZ)
  set(PAGETWIN_GUIDED -fsanitize-coverage=bb,inline-8bit-counters,pc-table
    -fsanitize-coverage-ignorelist=${PROJECT_SOURCE_DIR}/cmake/unguided.txt)
endif()

include(cmake/precompile.cmake)
pagetwin_precompiled(checked OPTIONS ${PAGETWIN_CHECKED})
pagetwin_precompiled(unchecked OPTIONS "")

# pagetwin_library(name SOURCES dir... [EXCEPT file...] [LINK lib...])
function(pagetwin_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;EXCEPT;LINK" ${ARGN})
  set(files "")
  foreach(dir IN LISTS ARG_SOURCES)
    file(GLOB_RECURSE found CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${dir}/*.cpp)
    list(APPEND files ${found})
  endforeach()
  list(TRANSFORM ARG_EXCEPT PREPEND ${PROJECT_SOURCE_DIR}/)
  list(REMOVE_ITEM files ${ARG_EXCEPT} "")
  add_library(${name} STATIC ${files})
  target_include_directories(${name} PUBLIC ${PROJECT_SOURCE_DIR})
  target_link_libraries(${name} PUBLIC ${ARG_LINK})
  # reference/ sees no header of src, so it may go without ASan: no template of src loses its checks by that.
  if(name STREQUAL "pagetwin_reference" AND NOT PAGETWIN_SANITIZE MATCHES "thread")
    pagetwin_precompile(${name} unchecked)
  else()
    pagetwin_precompile(${name} checked)
    target_compile_options(${name} PRIVATE ${PAGETWIN_CHECKED})
  endif()
endfunction()

# The commit and the flags that a failure report names.
function(pagetwin_commit file)
  execute_process(COMMAND git describe --always --dirty --abbrev=12 WORKING_DIRECTORY ${PROJECT_SOURCE_DIR}
                  OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  set_source_files_properties(${file} PROPERTIES COMPILE_DEFINITIONS
    "PAGETWIN_COMMIT=\"${commit}\";PAGETWIN_FLAGS=\"${CMAKE_CXX_FLAGS_RELWITHDEBINFO} sanitize=${PAGETWIN_SANITIZE}\"")
endfunction()
