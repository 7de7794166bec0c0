# SPDX-License-Identifier: Apache-2.0
# Language, warnings, sanitizers and where programs are left.
option(LINNET_TESTS "Build the tests" ON)
option(LINNET_BENCH "Build the benchmarks" OFF)
option(LINNET_FUZZ "Build the fuzz targets (clang with libFuzzer)" OFF)
option(LINNET_BARE_METAL "Build only what runs on a microcontroller" OFF)
set(LINNET_FUZZ_BIN "" CACHE PATH "Where the fuzz targets of another tree are, to run them as tests")
set(LINNET_FUZZ_SECONDS 60 CACHE STRING "How long such a test fuzzes")
set(LINNET_SANITIZE "" CACHE STRING "Sanitizers, as -fsanitize takes them")

set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")

find_program(LINNET_CCACHE ccache)
if(LINNET_CCACHE)
  # Paths count from here and the build folder is not part of the key: every checkout shares its objects.
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CMAKE_COMMAND}" -E env
    "CCACHE_BASEDIR=${CMAKE_CURRENT_SOURCE_DIR}" CCACHE_NOHASHDIR=1 CCACHE_SLOPPINESS=time_macros "${LINNET_CCACHE}")
endif()

add_library(linnet_options INTERFACE)
target_compile_options(linnet_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wnon-virtual-dtor
  -Wold-style-cast -Wcast-align -Woverloaded-virtual -Wimplicit-fallthrough -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # GCC 12 warns of its own std::string: `"a" + string` is said to overlap itself (GCC bug 105651).
  target_compile_options(linnet_options INTERFACE -Wno-restrict)
endif()
if(LINNET_SANITIZE)
  # Not vptr: it needs the type information that the engine floors are built without.
  add_compile_options(-fsanitize=${LINNET_SANITIZE} -fno-sanitize=vptr -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${LINNET_SANITIZE})
endif()
if(LINNET_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
if(NOT LINNET_BARE_METAL)
  find_program(LINNET_MOLD mold)
  if(LINNET_MOLD AND NOT LINNET_FUZZ)
    add_link_options(-fuse-ld=mold)
  endif()
endif()
