// SPDX-License-Identifier: Apache-2.0
// All objects of a device as one tree: looking up what a path names, and walking what lies below.
#pragma once

#include <span>

#include "linnet/base/function_ref.hpp"
#include "linnet/client/object.hpp"
#include "linnet/lwm2m/codec.hpp"

namespace linnet::client {

inline constexpr ObjectId kSecurityObject = 0;
inline constexpr ObjectId kServerObject = 1;
inline constexpr ObjectId kOscoreObject = 21;
inline constexpr ResourceId kOscoreSecurityMode = 17;  ///< of object 0: links to an instance of object 21

/// Objects that no server sees (Core 1.1, digest §6).
[[nodiscard]] constexpr bool hidden(ObjectId object) noexcept {
  return object == kSecurityObject || object == kOscoreObject;
}

class ObjectTree {
 public:
  /// What a path of depth 1 or more names. `definition` is null above the resource level.
  struct Target {
    Object* object = nullptr;
    const ResourceDefinition* definition = nullptr;
  };

  ObjectTree() noexcept = default;
  explicit ObjectTree(std::span<Object* const> objects) noexcept : objects_(objects) {}

  [[nodiscard]] std::span<Object* const> objects() const noexcept { return objects_; }
  [[nodiscard]] Object* find(ObjectId object) const noexcept;
  /// Those of an object, none where it is not there.
  [[nodiscard]] InstanceRange instances(ObjectId object) const noexcept {
    return InstanceRange(find(object));
  }
  [[nodiscard]] lwm2m::DataType type_of(const Path& path) const noexcept;
  /// The same, so that a tree serves as lwm2m::TypeOf.
  [[nodiscard]] lwm2m::DataType operator()(const Path& path) const noexcept { return type_of(path); }

  /// What `path` names; kNotFound where a segment of it is not there. With `defined` it is enough
  /// that the definition has the resource, as a Write may bring it.
  [[nodiscard]] Result<Target> resolve(const Path& path, bool defined = false) const noexcept;
  /// 4.04 and 4.05 as a Read of `path` would give them.
  [[nodiscard]] Result<void> check_readable(const Path& path) const noexcept;
  /// What a walk shows: what servers may read, or all that has a value.
  enum class Show : std::uint8_t { kReadable, kEverything };
  /// Every value at or below `path`, which must be there (and be readable, where only that is shown).
  [[nodiscard]] Result<void> walk(const Path& path, lwm2m::RecordSink sink,
                                  Show show = Show::kReadable) const noexcept;
  /// One readable value at depth 3 or 4.
  [[nodiscard]] Result<Value> read(const Path& path) const noexcept;

 private:
  [[nodiscard]] static Result<void> walk_below(Object& object, const Path& path, lwm2m::RecordSink sink,
                                               Show show) noexcept;

  std::span<Object* const> objects_;
};

}  // namespace linnet::client
