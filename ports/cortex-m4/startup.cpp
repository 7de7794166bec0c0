// SPDX-License-Identifier: Apache-2.0
// The least that a Cortex-M4 needs between reset and the application.
#include <cstdint>

/// What an image brings.
int application();

extern "C" {
extern std::uint32_t __data_start, __data_end, __data_load, __bss_start, __bss_end, __stack_top;
extern void (*__init_array_start[])();
extern void (*__init_array_end[])();

void default_handler() {
  for (;;) {
  }
}

[[noreturn]] void reset_handler() {
  std::uint32_t* from = &__data_load;
  for (std::uint32_t* to = &__data_start; to < &__data_end;) *to++ = *from++;
  for (std::uint32_t* to = &__bss_start; to < &__bss_end;) *to++ = 0;
  for (void (**make)() = __init_array_start; make < __init_array_end; ++make) (*make)();
  application();
  for (;;) {
  }
}

// A pure virtual function has no one to be called by; the library's own handler would bring printf.
[[noreturn]] void __cxa_pure_virtual() {
  for (;;) {
  }
}

// Where the standard library's checks end; its own abort would bring signals and a heap.
[[noreturn]] void abort() {
  for (;;) {
  }
}
}

namespace {

struct Vectors {
  std::uint32_t* stack;
  void (*handlers[15])();
};

}  // namespace

extern "C" [[gnu::section(".vectors"), gnu::used]] const Vectors vectors{
    &__stack_top,
    {reset_handler, default_handler, default_handler, default_handler, default_handler, default_handler,
     default_handler, default_handler, default_handler, default_handler, default_handler, default_handler,
     default_handler, default_handler, default_handler}};
