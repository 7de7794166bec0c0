// SPDX-License-Identifier: Apache-2.0
#include "linnet/client/rollback.hpp"

#include <cstring>

#include "linnet/client/features.hpp"
#include "linnet/client/snapshot.hpp"

namespace linnet::client {

namespace {

// An entry is the object's number and its bytes, or kMaxId, the size of a snapshot, and the snapshot.
constexpr std::size_t kIdSize = 2;
constexpr std::size_t kSizeSize = 4;

}  // namespace

Result<void> Rollback::keep(const ObjectTree& tree, const Path& path) noexcept {
  Object* object = tree.find(path.object());
  if (object == nullptr) return fail(Errc::kNotFound);
  if (object->id() == last_) return {};
  const ByteWriter before = out_;
  out_.uint(object->id(), kIdSize);
  const bool plain = object->memory([this](ByteSpan part) { out_.bytes(part); });
  if (plain && out_.ok()) {
    last_ = object->id();
    return {};
  }
  // Value by value it may take less: what only the device sets is not kept.
  out_ = before;
  if constexpr (!kSnapshots) return fail(Errc::kNoSpace);
  out_.uint(kMaxId, kIdSize);
  out_.uint(0, kSizeSize);
  Snapshot values(out_.space());
  const auto added = values.add(tree, path);
  out_ = before;
  if (!added) return added;
  out_.uint(kMaxId, kIdSize);
  out_.uint(values.bytes().size(), kSizeSize);
  out_.advance(values.bytes().size());
  return {};
}

void Rollback::undo(const ObjectTree& tree) const noexcept {
  ByteReader in(out_.written());
  const auto put_back = [&in](ByteSpan part) {
    if (const auto bytes = in.bytes(part.size()); bytes && !part.empty())
      std::memcpy(part.data(), bytes->data(), part.size());
  };
  while (const auto id = in.uint(kIdSize)) {
    if (!kSnapshots || *id != kMaxId) {
      (void)tree.find(static_cast<ObjectId>(*id))->memory(put_back);
    } else {
      const auto size = in.uint(kSizeSize);
      (void)restore(tree, in.bytes(static_cast<std::size_t>(*size)).value_or(ByteView()));
    }
  }
}

}  // namespace linnet::client
