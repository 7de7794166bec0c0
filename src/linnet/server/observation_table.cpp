// SPDX-License-Identifier: Apache-2.0
#include "linnet/server/observation_table.hpp"

#include "linnet/server/path_list.hpp"

namespace linnet::server {
namespace {

constexpr std::uint32_t kHalfOfSequence = 1U << 23U;
constexpr std::uint32_t kStaleAfterSeconds = 128;
constexpr std::size_t kTokenSize = 8;

std::uint32_t second_of(Instant now) noexcept {
  return static_cast<std::uint32_t>(std::chrono::floor<Seconds>(now.time_since_epoch()).count());
}

}  // namespace

lwm2m::Path Observation::path() const noexcept {
  lwm2m::Path path;
  if (composite()) return path;
  for (std::size_t i = 0; i < depth; ++i) path = path.child(ids[i]);
  return path;
}

bool Observation::newer(std::uint32_t observe, Instant now) const noexcept {
  if (observe > sequence && observe - sequence < kHalfOfSequence) return true;
  if (observe < sequence && sequence - observe > kHalfOfSequence) return true;
  return second_of(now) - second > kStaleAfterSeconds;
}

void Observation::came(std::uint32_t observe, Instant now) noexcept {
  sequence = observe;
  second = second_of(now);
}

void Observation::take_any(Instant now) noexcept {
  second = second_of(now) - kStaleAfterSeconds - 1;
}

void ObservationTable::init(const EngineConfig& config, Random& random) noexcept {
  capacity_ = config.max_observations;
  shard_ = config.shard;
  random_ = &random;
  table_ = std::make_unique_for_overwrite<Observation[]>(capacity_);
  pool_.init(config.max_string_bytes);
  hasher_.init(random);
  lists_.init(pool_, hasher_);
  paths_.resize(config.max_composite_paths);
  encoded_.resize(config.max_composite_paths * kMaxPathBytes);
}

ByteView ObservationTable::encoded(std::span<const lwm2m::Path> paths) const noexcept {
  const auto size = encode_paths(paths, encoded_);
  return ByteView(encoded_).first(size.value_or(0));
}

Observed ObservationTable::observed(std::uint32_t index) const noexcept {
  const Observation& observation = table_[index];
  if (!observation.composite()) return observation.path();
  const auto count = decode_paths(lists_.view(observation.list()), paths_);
  return Observed(std::span<const lwm2m::Path>(paths_).first(count.value_or(0)));
}

bool ObservationTable::fill(std::uint32_t index, std::uint32_t secret, const Observed& observed) noexcept {
  Observation filled{};
  filled.secret = secret;
  if (observed.composite()) {
    const ByteView bytes = encoded(observed.paths);
    const auto list = lists_.intern(bytes);
    if (bytes.empty() || !list) return false;
    filled.depth = Observation::kComposite;
    filled.ids = {static_cast<std::uint16_t>(*list >> 16U), static_cast<std::uint16_t>(*list)};
  } else {
    const lwm2m::Path& path = observed.path;
    filled.depth = static_cast<std::uint8_t>(path.depth());
    for (std::size_t i = 0; i < path.depth(); ++i) filled.ids[i] = path[i];
  }
  table_[index] = filled;
  return true;
}

void ObservationTable::link(std::uint32_t index, std::uint32_t registration, std::uint32_t& first,
                            std::uint16_t accept) noexcept {
  Observation& observation = table_[index];
  observation.registration = registration;
  observation.next = first;
  observation.state = Observation::State::kAsked;
  observation.accept = accept;
  first = index;
  ++size_;
}

void ObservationTable::collect_free() noexcept {
  free_ = kNone;
  for (std::uint32_t index = used_; index-- > 0;) {
    if (table_[index].state != Observation::State::kFree) continue;
    table_[index].next = free_;
    free_ = index;
  }
  scattered_ = false;
}

std::uint32_t ObservationTable::add(std::uint32_t registration, std::uint32_t& first,
                                    const Observed& observed, std::optional<std::uint16_t> accept) noexcept {
  if (scattered_) collect_free();
  const bool fresh = free_ == kNone;
  if (fresh && used_ == capacity_) return kNone;
  const std::uint32_t index = fresh ? used_ : free_;
  const std::uint32_t before = fresh ? random_->next() : table_[index].secret;
  const std::uint32_t next = fresh ? kNone : table_[index].next;
  if (!fill(index, before + 1U + random_->below(0xFFFFFFFE), observed)) return kNone;
  if (fresh) {
    ++used_;
  } else {
    free_ = next;
  }
  link(index, registration, first, accept.value_or(Observation::kNoAccept));
  return index;
}

Result<std::uint32_t> ObservationTable::add_at(ObservationId id, std::uint32_t registration,
                                               std::uint32_t& first, const Observed& observed,
                                               std::uint16_t accept) noexcept {
  const auto value = static_cast<std::uint64_t>(id);
  const auto index = static_cast<std::uint32_t>(value & 0xFFFFFFU);
  if (value >> 56U != 0 || index >= capacity_) return fail(Errc::kNoSpace);
  for (; used_ <= index; ++used_) {
    table_[used_] = Observation{};
    table_[used_].secret = random_->next();
  }
  scattered_ = true;
  if (table_[index].state != Observation::State::kFree) return fail(Errc::kExists);
  if (!fill(index, static_cast<std::uint32_t>(value >> 24U), observed)) return fail(Errc::kNoSpace);
  link(index, registration, first, accept);
  return index;
}

void ObservationTable::remove(std::uint32_t index, std::uint32_t& first) noexcept {
  std::uint32_t* place = &first;
  while (*place != index) place = &table_[*place].next;
  *place = table_[index].next;
  if (table_[index].composite()) lists_.release(table_[index].list());
  table_[index].state = Observation::State::kFree;
  table_[index].next = free_;
  free_ = index;
  --size_;
}

coap::Token ObservationTable::token_of(std::uint32_t index) const noexcept {
  std::array<std::uint8_t, kTokenSize> bytes;
  ByteWriter out(bytes);
  out.u8(shard_);
  out.uint(index, 3);
  out.uint(table_[index].secret, 4);
  return coap::Token(bytes);
}

std::uint32_t ObservationTable::find(std::uint32_t index, std::uint32_t secret) const noexcept {
  if (index >= used_ || table_[index].state == Observation::State::kFree) return kNone;
  return table_[index].secret == secret ? index : kNone;
}

std::optional<std::uint8_t> ObservationTable::shard_of(const coap::Token& token) noexcept {
  if (token.size() != kTokenSize) return std::nullopt;
  return token.bytes()[0];
}

std::uint32_t ObservationTable::find(const coap::Token& token) const noexcept {
  if (shard_of(token) != shard_) return kNone;
  ByteReader in(token.bytes().subspan(1));
  const auto index = static_cast<std::uint32_t>(*in.uint(3));
  return find(index, static_cast<std::uint32_t>(*in.uint(4)));
}

std::uint32_t ObservationTable::find(ObservationId id) const noexcept {
  const auto value = static_cast<std::uint64_t>(id);
  if (value >> 56U != 0) return kNone;
  return find(static_cast<std::uint32_t>(value & 0xFFFFFFU), static_cast<std::uint32_t>(value >> 24U));
}

std::uint32_t ObservationTable::find(std::uint32_t first, const Observed& observed) const noexcept {
  const ByteView list = observed.composite() ? encoded(observed.paths) : ByteView{};
  const auto is = [&](const Observation& observation) {
    if (observation.composite() != observed.composite()) return false;
    return observed.composite() ? equal(lists_.view(observation.list()), list)
                                : observation.path() == observed.path;
  };
  std::uint32_t index = first;
  while (index != kNone && !is(table_[index])) index = table_[index].next;
  return index;
}

}  // namespace linnet::server
