// SPDX-License-Identifier: Apache-2.0
#include "linnet/net/pages.hpp"

#include <sys/mman.h>

#include <new>

namespace linnet::net {

Pages::Pages(std::size_t bytes) {
  void* place =
      mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (place == MAP_FAILED) throw std::bad_alloc();
  madvise(place, bytes, MADV_HUGEPAGE);
  memory_ = {static_cast<std::byte*>(place), bytes};
}

void Pages::keep_private() const noexcept {
  madvise(memory_.data(), memory_.size(), MADV_DONTDUMP);
}

Pages::~Pages() {
  if (!memory_.empty()) munmap(memory_.data(), memory_.size());
}

}  // namespace linnet::net
