// SPDX-License-Identifier: Apache-2.0
#include "linnet/net/ticket_seed.hpp"

#include <array>

#include "linnet/base/wipe.hpp"

namespace linnet::net {

namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kRecord = 1 + 8 + tls::kTicketSeed;
const store::RecordKey kKey{store::RecordKind::kTicketSeed, std::string_view()};

// Empty: it is none, or has served long enough.
tls::OwnedBytes seed_in(ByteView record, UnixTime now) {
  ByteReader reader(record);
  const auto version = reader.u8();
  const auto made = reader.uint(8);
  if (!version || *version != kVersion || !made || reader.remaining() != tls::kTicketSeed) return {};
  const std::int64_t age = now.seconds - static_cast<std::int64_t>(*made);
  if (age < 0 || age >= kTicketSeedLife.count()) return {};
  return {reader.rest().begin(), reader.rest().end()};
}

}  // namespace

tls::OwnedBytes ticket_seed(store::RegistrationStore* store, store::ShardIndex shard, UnixTime now) {
  if (store == nullptr) return {};
  tls::OwnedBytes seed;
  // Where it cannot be read another one serves.
  [[maybe_unused]] const auto loaded =
      store->load(store::RecordKind::kTicketSeed,
                  [&](const store::RecordView& record) { seed = seed_in(record.value, now); });
  if (!seed.empty()) return seed;
  seed.resize(tls::kTicketSeed);
  if (gnutls_rnd(GNUTLS_RND_KEY, seed.data(), seed.size()) < 0) return {};
  std::array<std::uint8_t, kRecord> record;
  ByteWriter writer(record);
  writer.u8(kVersion);
  writer.uint(static_cast<std::uint64_t>(now.seconds), 8);
  writer.bytes(seed);
  [[maybe_unused]] const auto saved =
      store->save(shard, store::kNoTicket, kKey, writer.written(), store::kKeptForGood);
  wipe(record);
  return seed;
}

}  // namespace linnet::net
