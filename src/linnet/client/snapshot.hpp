// SPDX-License-Identifier: Apache-2.0
// Values of a device as bytes, so that they can be put back: to undo a request that failed half way,
// to leave a bootstrap that led nowhere, to outlive a power cut.
//
// Version 1. A number is 7 bits a byte, the lowest first, with 0x80 where another byte follows; that
// of an Integer or Time has its sign in the lowest bit.
//
//   snapshot = 0x01 section*
//   section  = 0x1D id{D} instance* resource*      what is at or below a path of depth D, 1 to 3
//   instance = 0x20 id                             of the section's object; its resources follow
//   resource = 0x3T id value                       a single resource of data type T (lwm2m::DataType)
//            | 0x40 id element*                    a multiple resource, which may be empty
//   element  = 0x5T id value
//   value    = number                              Integer, Unsigned, Time; Boolean: 0 or 1
//            | number byte{number}                 String, Corelnk, Opaque
//            | byte{8}                             Float, IEEE 754, big endian
//            | number number                       Objlnk
//
// Ids of one level ascend. What ends between two items is a whole snapshot: where bytes may be cut off
// or change, whoever keeps them adds a checksum.
#pragma once

#include "linnet/client/object_tree.hpp"

namespace linnet::client {

/// Writes a snapshot into a buffer of the caller.
class Snapshot {
 public:
  explicit Snapshot(ByteSpan buffer) noexcept;

  /// Adds a section: every stored value at or below `path`, whatever servers may do with it, object 0
  /// too. A resource instance is taken with its whole resource, the root path as all objects. That
  /// nothing is there is kept as well. Values that cannot be read, or that their object would not
  /// take (constants), are not stored. kNoSpace, and the section is not added, where it does not fit.
  [[nodiscard]] Result<void> add(const ObjectTree& tree, const Path& path) noexcept;

  [[nodiscard]] ByteView bytes() const noexcept { return out_.written(); }

 private:
  void object(Object& object) noexcept;
  void instance(Object& object, InstanceId instance) noexcept;
  void resource(Object& object, const Path& path, const ResourceDefinition& definition) noexcept;

  ByteWriter out_;
};

/// Puts back what the sections hold: instances that are not in them go, those that are come,
/// resources get their values or are erased; what is as it was is not touched. `snapshot` may be any
/// bytes: kMalformed, and nothing has changed, where they are no snapshot. Objects, resources and
/// values that this device does not know or take are passed over. An object that refuses is no
/// reason to stop: the first such error is returned at the end. The engine is not told (`changed`).
[[nodiscard]] Result<void> restore(const ObjectTree& tree, ByteView snapshot) noexcept;

}  // namespace linnet::client
