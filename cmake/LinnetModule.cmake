# SPDX-License-Identifier: Apache-2.0

# linnet_module(NAME SOURCES a.cpp ... DEPENDS base ... [LIBRARIES x ...] [ENGINE])
# A module of src/linnet as a static library `linnet_NAME`. ENGINE marks the floors that run on a
# microcontroller or without I/O: no exceptions and no run-time type information in their objects.
function(linnet_module name)
  cmake_parse_arguments(ARG "ENGINE" "" "SOURCES;DEPENDS;LIBRARIES" ${ARGN})
  add_library(linnet_${name} STATIC ${ARG_SOURCES})
  target_include_directories(linnet_${name} PUBLIC "${PROJECT_SOURCE_DIR}/src")
  target_link_libraries(linnet_${name} PRIVATE linnet_options)
  foreach(dependency IN LISTS ARG_DEPENDS)
    target_link_libraries(linnet_${name} PUBLIC linnet_${dependency})
  endforeach()
  target_link_libraries(linnet_${name} PUBLIC ${ARG_LIBRARIES})
  if(ARG_ENGINE)
    target_compile_options(linnet_${name} PRIVATE -fno-exceptions -fno-rtti)
  endif()
endfunction()

# linnet_unit_test(NAME SOURCES a_test.cpp ... LIBRARIES linnet_coap ...)
# One GoogleTest program; every TEST in it is a CTest of its own.
function(linnet_unit_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LIBRARIES" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_include_directories(${name} PRIVATE "${PROJECT_SOURCE_DIR}")
  target_link_libraries(${name} PRIVATE ${ARG_LIBRARIES} linnet_options GTest::gmock_main)
  gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60)
endfunction()

# linnet_fuzz_target(NAME SOURCES x.cpp LIBRARIES ...), with its corpus in tests/fuzz/corpus/NAME:
# built with libFuzzer in the fuzz preset only; CTest runs it for LINNET_FUZZ_SECONDS.
function(linnet_fuzz_target name)
  if(NOT LINNET_FUZZ)
    return()
  endif()
  cmake_parse_arguments(ARG "" "" "SOURCES;LIBRARIES" ${ARGN})
  add_executable(fuzz_${name} ${ARG_SOURCES})
  target_include_directories(fuzz_${name} PRIVATE "${PROJECT_SOURCE_DIR}")
  target_link_libraries(fuzz_${name} PRIVATE ${ARG_LIBRARIES} linnet_options -fsanitize=fuzzer)
  set_property(GLOBAL APPEND PROPERTY LINNET_FUZZ_TARGETS ${name})
endfunction()
