// SPDX-License-Identifier: Apache-2.0
// State that outlives a power cut: two regions of a medium, of which the newest whole image counts.
//
//   region  = "LNST" version{1} 0{3} sequence{4} length{4} crc{4} payload{length}
//   payload = (id{2} length{4} bytes{length})*      one for each part
//
// Numbers are big endian, version is 1, crc is CRC-32 (ISO 3309) over the sixteen bytes before it and
// the payload. A save erases the region that does not count and writes its header last: wherever it
// breaks off, the other region still stands.
#pragma once

#include <cstdint>
#include <optional>

#include "linnet/base/bytes.hpp"

namespace linnet::client {

/// Where the state lives: banks of flash, a file with two halves. False: the medium refused.
class Medium {
 public:
  static constexpr unsigned kRegions = 2;

  /// Bytes of one region, the same for both.
  [[nodiscard]] virtual std::size_t region_size() const noexcept = 0;
  virtual bool read(unsigned region, std::size_t at, ByteSpan out) noexcept = 0;
  virtual bool erase(unsigned region) noexcept = 0;
  /// Writes into an erased region, each byte at most once. When it returns the bytes are there to stay.
  virtual bool write(unsigned region, std::size_t at, ByteView bytes) noexcept = 0;

 protected:
  ~Medium() = default;
};

/// A part of the device with state of its own, kept in the image of the engine.
class Persistent {
 public:
  /// Parts of applications have ids from 0x8000; below are linnet's.
  [[nodiscard]] virtual std::uint16_t part_id() const noexcept = 0;
  /// Writes the state; `out` fails where there is no room, and nothing is saved then.
  virtual void save(ByteWriter& out) const noexcept = 0;
  /// Takes what an earlier `save` wrote, maybe of another version: any bytes at all, checked before use.
  virtual void load(ByteView state) noexcept = 0;

 protected:
  ~Persistent() = default;
};

/// CRC-32 of zlib, Ethernet and PNG, continued from `before`.
[[nodiscard]] std::uint32_t crc32(ByteView bytes, std::uint32_t before = 0) noexcept;

class StateImage {
 public:
  static constexpr std::size_t kHeaderSize = 20;

  /// The payload of the newest whole image into `out`; kNotFound where there is none, kTooLarge where
  /// it does not fit. Call once, before `save`.
  [[nodiscard]] Result<ByteView> load(Medium& medium, ByteSpan out) noexcept;
  /// Keeps a payload; nothing is written where it is the one that was kept last. kTooLarge, kIo; the
  /// image before stands then.
  [[nodiscard]] Result<void> save(Medium& medium, ByteView payload) noexcept;

 private:
  unsigned newest_ = 0;
  bool stands_ = false;  ///< `newest_` holds a whole image
  std::uint32_t sequence_ = 0;
  std::uint32_t length_ = 0;
  std::uint32_t payload_crc_ = 0;
};

/// Reads the parts of a payload one after the other.
class PartReader {
 public:
  struct Part {
    std::uint16_t id;
    ByteView bytes;
  };
  explicit PartReader(ByteView payload) noexcept : in_(payload) {}
  /// False behind the last one, or where the payload breaks off.
  [[nodiscard]] bool next(Part& part) noexcept;

 private:
  ByteReader in_;
};

}  // namespace linnet::client
