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
  set_property(GLOBAL APPEND PROPERTY LINNET_MODULES linnet_${name})
endfunction()

# linnet_bare_device(NAME)
# The device modules once more as one library, without all that the features.hpp of theirs can leave out.
function(linnet_bare_device name)
  add_library(${name} STATIC)
  foreach(module IN LISTS LINNET_DEVICE_MODULES)
    set(folder "${PROJECT_SOURCE_DIR}/src/linnet/${module}")
    get_target_property(sources linnet_${module} SOURCES)
    list(TRANSFORM sources PREPEND "${folder}/")
    target_sources(${name} PRIVATE ${sources})
    if(EXISTS "${folder}/features.hpp")
      set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${folder}/features.hpp")
      file(STRINGS "${folder}/features.hpp" switches REGEX "^#ifndef LINNET_")
      list(TRANSFORM switches REPLACE "#ifndef (.*)" "\\1=0")
      target_compile_definitions(${name} PUBLIC ${switches})
    endif()
  endforeach()
  target_include_directories(${name} PUBLIC "${PROJECT_SOURCE_DIR}/src")
  target_link_libraries(${name} PRIVATE linnet_options)
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

# linnet_fuzz_target(NAME SOURCES x.cpp LIBRARIES ...), with its seeds in tests/fuzz/corpus/NAME:
# built with libFuzzer in the fuzz preset. Another tree that is told where those programs are
# (LINNET_FUZZ_BIN) runs them among its tests, LINNET_FUZZ_SECONDS each; tools/test does so.
function(linnet_fuzz_target name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LIBRARIES" ${ARGN})
  if(LINNET_FUZZ)
    add_executable(fuzz_${name} ${ARG_SOURCES})
    target_include_directories(fuzz_${name} PRIVATE "${PROJECT_SOURCE_DIR}")
    target_link_libraries(fuzz_${name} PRIVATE ${ARG_LIBRARIES} linnet_options -fsanitize=fuzzer)
    set_property(GLOBAL APPEND PROPERTY LINNET_FUZZ_TARGETS fuzz_${name})
  elseif(LINNET_FUZZ_BIN)
    add_test(NAME fuzz.${name}
      COMMAND "${PROJECT_SOURCE_DIR}/tests/fuzz/run" "${LINNET_FUZZ_BIN}/fuzz_${name}" ${LINNET_FUZZ_SECONDS}
        "${CMAKE_CURRENT_SOURCE_DIR}/corpus/${name}" "${CMAKE_CURRENT_BINARY_DIR}/work/${name}")
    # They go first, two by two, so that tests over sockets have the machine to themselves.
    math(EXPR limit "${LINNET_FUZZ_SECONDS} + 120")
    set_tests_properties(fuzz.${name} PROPERTIES TIMEOUT ${limit} COST 1000 LABELS fuzz)
  endif()
endfunction()
