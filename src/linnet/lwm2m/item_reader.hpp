// SPDX-License-Identifier: Apache-2.0
// What readers of JSON and of CBOR have in common: they go from item to item, and keep the first thing that
// was wrong. Inside `lwm2m`.
#pragma once

#include "linnet/base/bytes.hpp"
#include "linnet/lwm2m/value.hpp"

namespace linnet::lwm2m {

/// What a reader comes upon: a number, text or the like (also the key of a member of a map), a container
/// that opens, or the end of one.
enum class Item : std::uint8_t { kEnd, kScalar, kArray, kMap };

/// Walks a payload, which is one item. Errors are Errc::kMalformed or kTruncated (4.00), and kTooLarge (4.13)
/// beyond the bounds of a format or the scratch handed over; after the first one there is only kEnd.
class ItemReader {
 public:
  /// Goes on to the next item, into the container just opened and out of it again. Behind the last item
  /// nothing may be left.
  virtual Item next() noexcept = 0;
  /// Makes the number, boolean or string that `next` came upon the `value`; kNone where it is none. A string
  /// is a view of the input or, where it is written in another way there, of `scratch`.
  virtual void read(ByteSpan scratch) noexcept = 0;
  /// Until `next` goes on; it may be changed.
  [[nodiscard]] Value& value() noexcept { return value_; }

  /// Passes over what is left of the item that `next` came upon.
  void skip(Item found) noexcept {
    if (found < Item::kArray) return;
    for (const std::size_t outside = depth_ - 1; depth_ > outside && ok();) (void)next();
  }
  /// Nothing may be left: how it went.
  [[nodiscard]] Result<void> finish() noexcept {
    (void)next();
    return went_;
  }

  [[nodiscard]] bool ok() const noexcept { return went_.has_value(); }
  /// Ends the walk with an error, unless it has ended with one.
  Item refuse(Result<void> error) noexcept {
    if (ok()) went_ = error;
    return Item::kEnd;
  }

 protected:
  ~ItemReader() = default;

  Value value_;            // of the last item
  std::size_t depth_ = 0;  // containers that are open

 private:
  Result<void> went_;
};

}  // namespace linnet::lwm2m
