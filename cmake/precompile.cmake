# Most files are small, and half of the time that one takes goes into headers of the standard library: these are compiled
# once. It hides a forgotten #include; the preset tidy goes without (CMAKE_DISABLE_PRECOMPILE_HEADERS), and sees it.
# Headers of our own are not among them: whoever edits one would compile everything again.
set(PAGETWIN_STANDARD_HEADERS <algorithm> <array> <bit> <charconv> <chrono> <cstdint> <cstring> <functional> <memory>
    <optional> <span> <string> <string_view> <system_error> <utility> <variant> <vector>)
file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/empty.cpp CONTENT "")

# pagetwin_precompiled(name [HEADERS header... LINK lib...] OPTIONS option...): for all targets with these very options; a
# compiler takes what was precompiled with no others.
function(pagetwin_precompiled name)
  if(CMAKE_DISABLE_PRECOMPILE_HEADERS)
    return()
  endif()
  cmake_parse_arguments(ARG "" "" "HEADERS;LINK;OPTIONS" ${ARGN})
  add_library(pagetwin_precompiled_${name} OBJECT EXCLUDE_FROM_ALL ${PROJECT_BINARY_DIR}/empty.cpp)
  target_link_libraries(pagetwin_precompiled_${name} PRIVATE ${ARG_LINK})
  target_compile_options(pagetwin_precompiled_${name} PRIVATE ${ARG_OPTIONS})
  target_precompile_headers(pagetwin_precompiled_${name} PRIVATE ${PAGETWIN_STANDARD_HEADERS} ${ARG_HEADERS})
endfunction()

function(pagetwin_precompile target name)
  if(NOT CMAKE_DISABLE_PRECOMPILE_HEADERS)
    target_precompile_headers(${target} REUSE_FROM pagetwin_precompiled_${name})
  endif()
endfunction()
