# SPDX-License-Identifier: Apache-2.0
# Cortex-M4 without an operating system, as the footprint table of docs/benchmarks.md is measured.
set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR arm)
set(CMAKE_C_COMPILER arm-none-eabi-gcc)
set(CMAKE_CXX_COMPILER arm-none-eabi-g++)
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
# What makes code faster and longer even with -Os: loops, and small functions put where they are called.
set(LINNET_SIZE_FLAGS "-fno-inline-small-functions -fno-ivopts -fno-tree-loop-im -fno-move-loop-invariants -fno-tree-ch")
# What puts a function where it is called once at the price of its callers' registers, keeps values at hand
# that are quicker made again, and orders instructions for speed.
string(APPEND LINNET_SIZE_FLAGS " --param=max-inline-insns-size=1 -fno-gcse -fno-schedule-insns2 -fno-caller-saves")
string(APPEND LINNET_SIZE_FLAGS " -fno-ira-hoist-pressure -fno-ira-loop-pressure")
# What takes expressions apart or puts them where they are used, and guesses which branch is the rare one.
string(APPEND LINNET_SIZE_FLAGS " -fno-tree-ter -fno-forward-propagate -fno-tree-vrp -fno-if-conversion")
string(APPEND LINNET_SIZE_FLAGS " -fno-guess-branch-probability -fno-tree-tail-merge")
# Structures of a few words stay in registers, and no more than two statements are copied for a jump less.
string(APPEND LINNET_SIZE_FLAGS " --param=sra-max-scalarization-size-Osize=32 --param=max-jump-thread-duplication-stmts=2")
# What no image of ports/ can use: it observes nobody, answers at once, sends datagrams, has no medium and
# no listener, and only a handful of observations and timers; nor what 1.1 does not ask for.
set(LINNET_LEFT_OUT "-DLINNET_COAP_OBSERVER=0 -DLINNET_COAP_DEFERRAL=0 -DLINNET_COAP_RELIABLE=0")
string(APPEND LINNET_LEFT_OUT " -DLINNET_CLIENT_PERSISTENCE=0 -DLINNET_CLIENT_EVENTS=0 -DLINNET_CLIENT_SNAPSHOTS=0")
string(APPEND LINNET_LEFT_OUT " -DLINNET_CLIENT_MANY_OBSERVATIONS=0 -DLINNET_BASE_TIMER_HEAP=0 -DLINNET_LWM2M_BIG_NUMBERS=0")
string(APPEND LINNET_LEFT_OUT " -DLINNET_CLIENT_QUESTIONS=0")
set(LINNET_CPU_FLAGS "-mcpu=cortex-m4 -mthumb -mfloat-abi=soft -ffunction-sections -fdata-sections -flto")
set(CMAKE_C_FLAGS_INIT "${LINNET_CPU_FLAGS} ${LINNET_SIZE_FLAGS}")
set(CMAKE_CXX_FLAGS_INIT "${LINNET_CPU_FLAGS} ${LINNET_LEFT_OUT} ${LINNET_SIZE_FLAGS} -fno-exceptions -fno-rtti -fno-threadsafe-statics -fno-use-cxa-atexit")
# The whole image is optimised as one.
set(CMAKE_EXE_LINKER_FLAGS_INIT "-flto-partition=one -Wl,--gc-sections --specs=nano.specs --specs=nosys.specs")
