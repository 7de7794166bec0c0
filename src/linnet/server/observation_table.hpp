// SPDX-License-Identifier: Apache-2.0
// Observations that the server holds at its devices (RFC 7641), 32 bytes each: found by token, and
// from their registration. The paths of composite ones are kept once for all devices that are observed
// alike.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "linnet/base/random.hpp"
#include "linnet/base/time.hpp"
#include "linnet/coap/token.hpp"
#include "linnet/lwm2m/content_format.hpp"
#include "linnet/lwm2m/path.hpp"
#include "linnet/server/byte_pool.hpp"
#include "linnet/server/engine.hpp"
#include "linnet/server/hash.hpp"
#include "linnet/server/intern_table.hpp"
#include "linnet/server/operation.hpp"

namespace linnet::server {

struct Observation {
  enum class State : std::uint8_t { kFree, kAsked, kActive };

  std::uint32_t registration;        ///< place in the registration table
  std::uint32_t next;                ///< of the same registration; of free ones, the next free one
  std::uint32_t secret;              ///< new for each, so that a token of an earlier one does not match
  std::uint32_t sequence;            ///< the newest Observe value that came
  std::uint32_t second;              ///< when it came
  std::array<std::uint16_t, 4> ids;  ///< of the path; of a composite one the name of its paths, in two halves
  std::uint8_t depth;                ///< of the path; kComposite
  State state;
  std::uint16_t accept;  ///< the Accept that was sent, kNoAccept for none

  static constexpr std::uint16_t kNoAccept = 0xFFFF;
  static constexpr std::uint8_t kComposite = 0xFF;
  [[nodiscard]] bool composite() const noexcept { return depth == kComposite; }
  /// The root for a composite one.
  [[nodiscard]] lwm2m::Path path() const noexcept;
  [[nodiscard]] InternTable::Id list() const noexcept { return InternTable::Id{ids[0]} << 16U | ids[1]; }
  /// True when a value with this Observe option is newer than what came last (RFC 7641 §3.4).
  [[nodiscard]] bool newer(std::uint32_t observe, Instant now) const noexcept;
  void came(std::uint32_t observe, Instant now) noexcept;
  /// Whatever comes next is newer.
  void take_any(Instant now) noexcept;
};

class ObservationTable {
 public:
  static constexpr std::uint32_t kNone = 0xFFFFFFFF;

  void init(const EngineConfig& config, Random& random) noexcept;

  [[nodiscard]] Observation& operator[](std::uint32_t index) noexcept { return table_[index]; }
  [[nodiscard]] const Observation& operator[](std::uint32_t index) const noexcept { return table_[index]; }

  /// A new one at the head of the list `first`, kAsked; kNone when the table is full.
  [[nodiscard]] std::uint32_t add(std::uint32_t registration, std::uint32_t& first, const Observed& observed,
                                  std::optional<std::uint16_t> accept) noexcept;
  /// The same under an id that was given before a restart. kExists: its place is taken. kNoSpace.
  [[nodiscard]] Result<std::uint32_t> add_at(ObservationId id, std::uint32_t registration,
                                             std::uint32_t& first, const Observed& observed,
                                             std::uint16_t accept) noexcept;
  /// Takes it out of the list it is in and frees it.
  void remove(std::uint32_t index, std::uint32_t& first) noexcept;

  /// Eight bytes: the shard, the place, then the secret. Other tokens of the endpoint are shorter.
  [[nodiscard]] coap::Token token_of(std::uint32_t index) const noexcept;
  [[nodiscard]] ObservationId id_of(std::uint32_t index) const noexcept {
    return ObservationId{std::uint64_t{table_[index].secret} << 24U | index};
  }
  /// The shard that gave a token of this form; nothing for another token.
  [[nodiscard]] static std::optional<std::uint8_t> shard_of(const coap::Token& token) noexcept;
  /// The place, kNone when it is none of ours or gone.
  [[nodiscard]] std::uint32_t find(const coap::Token& token) const noexcept;
  [[nodiscard]] std::uint32_t find(ObservationId id) const noexcept;
  /// The one of just that in the list from `first`, kNone for none.
  [[nodiscard]] std::uint32_t find(std::uint32_t first, const Observed& observed) const noexcept;
  /// What it is of; the paths of a composite one are good until the next call.
  [[nodiscard]] Observed observed(std::uint32_t index) const noexcept;

  [[nodiscard]] std::uint32_t size() const noexcept { return size_; }

 private:
  [[nodiscard]] std::uint32_t find(std::uint32_t index, std::uint32_t secret) const noexcept;
  [[nodiscard]] ByteView encoded(std::span<const lwm2m::Path> paths) const noexcept;
  /// Makes the place an observation of `observed`; false when there is no room for its paths.
  [[nodiscard]] bool fill(std::uint32_t index, std::uint32_t secret, const Observed& observed) noexcept;
  void link(std::uint32_t index, std::uint32_t registration, std::uint32_t& first,
            std::uint16_t accept) noexcept;
  void collect_free() noexcept;

  std::unique_ptr<Observation[]> table_;
  BytePool pool_;
  Hasher hasher_;
  InternTable lists_;                          // of composite ones
  mutable std::vector<lwm2m::Path> paths_;     // scratch, one list
  mutable std::vector<std::uint8_t> encoded_;  // scratch, one list
  Random* random_ = nullptr;
  std::uint32_t capacity_ = 0, used_ = 0, size_ = 0, free_ = kNone;
  std::uint8_t shard_ = 0;
  bool scattered_ = false;  // places were taken by name: `free_` is to be made anew
};

}  // namespace linnet::server
