// SPDX-License-Identifier: Apache-2.0
// The state of a device, encrypted: as store::Sealer does it for a server, under a key that is not in the
// file (docs/linnet-device.md, "Secrets at rest").
//
//   region = size{4} "LNSS" version{1} 0{3} sealed{size}     sealed: header and payload of client::StateImage
//
// An image is sealed when its header is written, which comes last; the head of the region comes last again.
// So a save that breaks off leaves a region without one, and the other region stands.
#pragma once

#include <array>
#include <vector>

#include "linnet/store/sealer.hpp"
#include "state_file.hpp"

namespace linnet::device {

class SealedMedium final : public client::Medium {
 public:
  /// Regions of `inner` hold what this keeps and kOverhead bytes; it must outlive this.
  SealedMedium(client::Medium& inner, std::unique_ptr<store::Sealer> sealer);

  static constexpr std::size_t kHead = 12;
  static constexpr std::size_t kOverhead = kHead + store::Sealer::kOverhead;

  /// Opens what stands in the regions, once, before anything else. False: something stands there that the key
  /// does not open.
  [[nodiscard]] bool load();

  [[nodiscard]] std::size_t region_size() const noexcept override { return images_[0].size(); }
  bool read(unsigned region, std::size_t at, ByteSpan out) noexcept override;
  bool erase(unsigned region) noexcept override;
  bool write(unsigned region, std::size_t at, ByteView bytes) noexcept override;

 private:
  [[nodiscard]] bool load(unsigned region);

  client::Medium& inner_;
  std::unique_ptr<store::Sealer> sealer_;
  std::array<server::SecretBytes, kRegions>
      images_;  ///< what the regions hold, in clear; FF where nothing is
  std::array<std::size_t, kRegions> used_{};
};

/// A file and what reads and writes it under a key.
struct SealedState {
  std::unique_ptr<StateFile> file;
  std::unique_ptr<SealedMedium> medium;

  /// Opens or creates the file for images of up to `max_state` bytes, under `key` of Sealer::kKeySize bytes.
  /// One in clear is brought under the key: a new file takes its place when it is whole. The error is a
  /// sentence: it is under another key, or damaged.
  [[nodiscard]] static std::expected<SealedState, std::string> open(const std::string& path,
                                                                    std::size_t max_state, ByteView key);
};

/// The file holds sealed state, for images of up to `max_state` bytes.
[[nodiscard]] bool is_sealed_state(const std::string& path, std::size_t max_state);

}  // namespace linnet::device
