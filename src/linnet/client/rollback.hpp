// SPDX-License-Identifier: Apache-2.0
// What objects held before a request or a bootstrap changed them, to be put back if that fails. An object
// that lies in memory as it is (Object::memory) is kept as bytes, any other one value by value (Snapshot).
#pragma once

#include "linnet/client/object_tree.hpp"

namespace linnet::client {

/// Keeps into a buffer of the caller, which must outlive it.
class Rollback {
 public:
  constexpr Rollback() noexcept = default;  ///< without room
  LINNET_OUTLINED explicit Rollback(ByteSpan buffer) noexcept : out_(buffer) {}

  [[nodiscard]] bool empty() const noexcept { return out_.size() == 0; }

  /// Keeps what is at or below `path`, which names an object at least, and maybe more of its object.
  /// kNoSpace, and nothing is kept, where it does not fit.
  [[nodiscard]] Result<void> keep(const ObjectTree& tree, const Path& path) noexcept;
  /// Everything that was kept is as it was. The engine is not told (`changed`).
  void undo(const ObjectTree& tree) const noexcept;

 private:
  ByteWriter out_;
  ObjectId last_ = kMaxId;  ///< the object that was kept as bytes last
};

}  // namespace linnet::client
