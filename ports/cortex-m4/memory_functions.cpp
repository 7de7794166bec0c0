// SPDX-License-Identifier: Apache-2.0
// The C library's copying, filling, comparing and searching, small instead of fast: those of newlib are
// unrolled and take 1.6 kB. Built without the optimiser's habit of turning such loops into calls of
// themselves.
#include <cstddef>
#include <cstdint>
#include <cstring>

extern "C" {

void* memcpy(void* __restrict to, const void* __restrict from, std::size_t size) {
  auto* out = static_cast<std::uint8_t*>(to);
  const auto* in = static_cast<const std::uint8_t*>(from);
  while (size-- > 0) *out++ = *in++;
  return to;
}

void* memmove(void* to, const void* from, std::size_t size) {
  auto* out = static_cast<std::uint8_t*>(to);
  const auto* in = static_cast<const std::uint8_t*>(from);
  if (out <= in) return memcpy(to, from, size);
  while (size-- > 0) out[size] = in[size];
  return to;
}

void* memset(void* to, int value, std::size_t size) {
  auto* out = static_cast<std::uint8_t*>(to);
  while (size-- > 0) *out++ = static_cast<std::uint8_t>(value);
  return to;
}

int memcmp(const void* left, const void* right, std::size_t size) {
  const auto* a = static_cast<const std::uint8_t*>(left);
  const auto* b = static_cast<const std::uint8_t*>(right);
  for (; size > 0; --size, ++a, ++b) {
    if (*a != *b) return *a - *b;
  }
  return 0;
}

void* memchr(const void* bytes, int value, std::size_t size) {
  const auto* at = static_cast<const std::uint8_t*>(bytes);
  for (; size > 0; --size, ++at) {
    if (*at == static_cast<std::uint8_t>(value)) return const_cast<std::uint8_t*>(at);
  }
  return nullptr;
}

std::size_t strlen(const char* text) {
  const char* end = text;
  while (*end != '\0') ++end;
  return static_cast<std::size_t>(end - text);
}
}
