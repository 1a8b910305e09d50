# Runs after a test program is linked, and writes its ctests to FILE: one per suite, named FOLDER.Suite. One per test would
# start the program five thousand times. FIRST names suites that take long: they start first, so that no processor waits for
# them at the end.
cmake_minimum_required(VERSION 3.25)
execute_process(COMMAND ${PROGRAM} --gtest_list_tests OUTPUT_VARIABLE listed TIMEOUT 120 COMMAND_ERROR_IS_FATAL ANY)
string(REGEX REPLACE "  # [^\n]*" "" listed "${listed}") # of types and parameters, whose text may be anything
string(REGEX MATCHALL "\n[^ \n]+[.]\n" suites "\n${listed}")
if(NOT suites)
  message(FATAL_ERROR "${PROGRAM} lists no tests")
endif()

set(ctests "")
foreach(suite IN LISTS suites)
  string(REGEX REPLACE "\n([^\n]+)[.]\n" "\\1" suite "${suite}")
  set(cost 0)
  if(suite IN_LIST FIRST)
    set(cost 1000)
  endif()
  string(APPEND ctests "add_test([==[${FOLDER}.${suite}]==] [==[${PROGRAM}]==] [==[--gtest_filter=${suite}.*]==])\n"
    "set_tests_properties([==[${FOLDER}.${suite}]==] PROPERTIES TIMEOUT 300 COST ${cost})\n")
endforeach()
file(WRITE ${FILE} "${ctests}")
