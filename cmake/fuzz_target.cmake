# A fuzz target is one file of about ten lines in fuzz/targets. From each come two programs: <target> with libFuzzer, where the
# preset has an engine, and <target>_replay with a main of its own everywhere. ctest replays corpus/<target>.
file(GLOB PAGETWIN_TARGETS CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/fuzz/targets/*.cpp)

# The tables under test, a library each: page_table_<name> and transitions_<name> take
# pagetwin_subject_<name>, tests take all.
file(GLOB PAGETWIN_SUBJECT_FILES CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR}
     ${PROJECT_SOURCE_DIR}/fuzz/machines/subjects/*.cpp)
set(PAGETWIN_SUBJECTS "")
foreach(file IN LISTS PAGETWIN_SUBJECT_FILES)
  get_filename_component(name ${file} NAME_WE)
  add_library(pagetwin_subject_${name} STATIC ${file})
  target_link_libraries(pagetwin_subject_${name} PUBLIC pagetwin_machines)
  pagetwin_precompile(pagetwin_subject_${name} checked)
  target_compile_options(pagetwin_subject_${name} PRIVATE ${PAGETWIN_CHECKED} ${PAGETWIN_GUIDED})
  list(APPEND PAGETWIN_SUBJECTS pagetwin_subject_${name})
endforeach()

# An operation of L4 is hundreds of calls of src's small templates: inlined, they take a twelfth less. What looks addresses up
# is not what these targets are about.
set(PAGETWIN_L4_GUIDED -O3 "SHELL:-mllvm -inline-threshold=1000"
    -fsanitize-coverage-ignorelist=${PROJECT_SOURCE_DIR}/cmake/unguided_l4.txt)

# The mains of all targets, each compiled once.
function(pagetwin_main name source)
  add_library(${name} OBJECT EXCLUDE_FROM_ALL ${PROJECT_SOURCE_DIR}/${source})
  target_link_libraries(${name} PUBLIC ${ARGN})
  pagetwin_precompile(${name} checked)
  target_compile_options(${name} PRIVATE ${PAGETWIN_CHECKED})
endfunction()
pagetwin_main(pagetwin_libfuzzer_main fuzz/twin/libfuzzer_main.cpp pagetwin_twin)
pagetwin_main(pagetwin_replay_main fuzz/twin/replay_main.cpp pagetwin_twin)
pagetwin_main(pagetwin_oracles_main fuzz/machines/foreign/oracles_main.cpp pagetwin_machines)

function(pagetwin_fuzz_target source)
  get_filename_component(target ${source} NAME_WE)
  add_library(${target}_object OBJECT ${source})
  target_link_libraries(${target}_object PUBLIC pagetwin_machines)
  if(target MATCHES "^(page_table|transitions)_(.*)")
    target_link_libraries(${target}_object PUBLIC pagetwin_subject_${CMAKE_MATCH_2})
  endif()
  pagetwin_precompile(${target}_object checked)
  target_compile_options(${target}_object PRIVATE ${PAGETWIN_CHECKED} ${PAGETWIN_GUIDED})
  if(PAGETWIN_FUZZ AND target MATCHES "^l4_")
    target_compile_options(${target}_object PRIVATE ${PAGETWIN_L4_GUIDED})
  endif()
  if(target STREQUAL "codec") # the one target whose sides are the engine's own readers and writers: they guide it
    foreach(side codec text text_lexer text_or_bytes domains round_trip)
      target_sources(codec_object PRIVATE ${PROJECT_SOURCE_DIR}/fuzz/twin/${side}.cpp)
    endforeach()
  endif()
  if(PAGETWIN_FUZZ)
    add_executable(${target})
    target_link_options(${target} PRIVATE -fsanitize=fuzzer)
    target_link_libraries(${target} PRIVATE pagetwin_libfuzzer_main ${target}_object)
  endif()
  add_executable(${target}_replay)
  target_link_libraries(${target}_replay PRIVATE pagetwin_replay_main ${target}_object)
  if(target MATCHES "^page_table_") # whose tables foreign MMUs may walk; scripts/oracles builds it when it is needed
    add_executable(${target}_oracles EXCLUDE_FROM_ALL)
    target_link_libraries(${target}_oracles PRIVATE pagetwin_oracles_main ${target}_object pagetwin_emulators)
  endif()
  if(EXISTS ${PROJECT_SOURCE_DIR}/corpus/${target})
    add_test(NAME corpus.${target}
             COMMAND ${target}_replay --quiet ${PROJECT_SOURCE_DIR}/corpus/${target})
    set_tests_properties(corpus.${target} PROPERTIES TIMEOUT 300)
  endif()
endfunction()
