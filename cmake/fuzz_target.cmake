# A fuzz target is one file of about ten lines in fuzz/targets. From each come two programs: <target> with libFuzzer, where the
# preset has an engine, and <target>_replay with a main of its own everywhere. ctest replays corpus/<target>.
file(GLOB PAGETWIN_TARGETS CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/fuzz/targets/*.cpp)

function(pagetwin_fuzz_target source)
  get_filename_component(target ${source} NAME_WE)
  add_library(${target}_object OBJECT ${source})
  target_link_libraries(${target}_object PUBLIC pagetwin_machines)
  target_compile_options(${target}_object PRIVATE ${PAGETWIN_CHECKED} ${PAGETWIN_GUIDED})
  if(target STREQUAL "codec") # the one target whose sides are the engine's own readers and writers: they guide it
    foreach(side codec text text_lexer domains round_trip)
      target_sources(codec_object PRIVATE ${PROJECT_SOURCE_DIR}/fuzz/twin/${side}.cpp)
    endforeach()
  endif()
  if(PAGETWIN_FUZZ)
    add_executable(${target} ${PROJECT_SOURCE_DIR}/fuzz/twin/libfuzzer_main.cpp)
    target_compile_options(${target} PRIVATE ${PAGETWIN_CHECKED})
    target_link_options(${target} PRIVATE -fsanitize=fuzzer)
    target_link_libraries(${target} PRIVATE ${target}_object)
  endif()
  add_executable(${target}_replay ${PROJECT_SOURCE_DIR}/fuzz/twin/replay_main.cpp)
  target_compile_options(${target}_replay PRIVATE ${PAGETWIN_CHECKED})
  # Guided code needs the runtime's symbols, but no main.
  if(PAGETWIN_FUZZ)
    target_link_options(${target}_replay PRIVATE -fsanitize=fuzzer-no-link)
  endif()
  target_link_libraries(${target}_replay PRIVATE ${target}_object)
  if(EXISTS ${PROJECT_SOURCE_DIR}/corpus/${target})
    add_test(NAME corpus.${target}
             COMMAND ${target}_replay --quiet ${PROJECT_SOURCE_DIR}/corpus/${target})
    set_tests_properties(corpus.${target} PROPERTIES TIMEOUT 300)
  endif()
endfunction()
