// SPDX-License-Identifier: Apache-2.0
#include "linnet/net/start_number.hpp"

#include <array>
#include <limits>

namespace linnet::net {

namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kNumberSize = 4;
const store::RecordKey kKey{store::RecordKind::kStart, std::string_view()};

std::uint32_t number_in(ByteView record) noexcept {
  ByteReader reader(record);
  const auto version = reader.u8();
  const auto number = reader.uint(kNumberSize);
  if (!version || *version != kVersion || !number || !reader.empty()) return 0;
  return static_cast<std::uint32_t>(*number);
}

}  // namespace

tls::Start count_start(store::RegistrationStore* store, store::ShardIndex shard) {
  tls::Start start;
  if (store == nullptr) return start;
  const auto loaded = store->load(store::RecordKind::kStart, [&](const store::RecordView& record) {
    start.number = number_in(record.value);
  });
  if (!loaded || start.number == std::numeric_limits<std::uint32_t>::max()) return start;
  std::array<std::uint8_t, 1 + kNumberSize> record;
  ByteWriter writer(record);
  writer.u8(kVersion);
  writer.uint(std::uint64_t{start.number} + 1, kNumberSize);
  const bool counted =
      store->save(shard, store::kNoTicket, kKey, writer.written(), store::kKeptForGood) && store->flush();
  if (counted) start = {.number = start.number + 1, .own = true};
  return start;
}

}  // namespace linnet::net
