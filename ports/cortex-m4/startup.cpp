// SPDX-License-Identifier: Apache-2.0
// The least that a Cortex-M4 needs between reset and the application.
#include <cstdint>
#include <cstring>

/// What an image brings.
int application();

extern "C" {
// Of memory.ld; the address of a size is the size.
extern std::uint8_t __data_start[], __data_load[], __data_size[], __bss_start[], __bss_size[];
extern std::uint32_t __stack_top;
extern void (*__init_array_start[])();
extern void (*__init_array_end[])();

void default_handler() {
  for (;;) {
  }
}

[[noreturn]] void reset_handler() {
  std::memcpy(__data_start, __data_load, reinterpret_cast<std::size_t>(__data_size));
  std::memset(__bss_start, 0, reinterpret_cast<std::size_t>(__bss_size));
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
