// SPDX-License-Identifier: Apache-2.0
#include "linnet/server/byte_pool.hpp"

#include <bit>

namespace linnet::server {

std::size_t BytePool::class_of(std::size_t size) noexcept {
  if (size <= kFineClasses * kUnit) return size == 0 ? 0 : (size - 1) / kUnit;
  // 513 to 1024 bytes are the first coarse class.
  return kFineClasses + static_cast<std::size_t>(std::bit_width(size - 1)) - 10;
}

std::size_t BytePool::units_of(std::size_t size_class) noexcept {
  if (size_class < kFineClasses) return size_class + 1;
  return kFineClasses << (size_class - kFineClasses + 1);
}

BytePool::Ref BytePool::take(std::size_t units) noexcept {
  constexpr std::size_t kChunkUnits = std::size_t{1} << kChunkBits;
  if (units > kChunkUnits - used_units_) {
    if (memory() + kChunkBytes > limit_ || chunks_.size() > kNone >> kChunkBits) return kNone;
    chunks_.push_back(std::make_unique_for_overwrite<std::uint8_t[]>(kChunkBytes));
    used_units_ = 0;
  }
  const auto ref = static_cast<Ref>((chunks_.size() - 1) << kChunkBits | used_units_);
  used_units_ += units;
  return ref;
}

BytePool::Ref BytePool::add(ByteView bytes) noexcept {
  const std::size_t size_class = class_of(bytes.size());
  Ref ref = free_[size_class];
  if (ref != kNone) {
    std::memcpy(&free_[size_class], place(ref), sizeof(Ref));
  } else {
    ref = take(units_of(size_class));
    if (ref == kNone) return kNone;
  }
  std::memcpy(place(ref), bytes.data(), bytes.size());
  return ref;
}

void BytePool::remove(Ref ref, std::size_t size) noexcept {
  const std::size_t size_class = class_of(size);
  std::memcpy(place(ref), &free_[size_class], sizeof(Ref));
  free_[size_class] = ref;
}

}  // namespace linnet::server
