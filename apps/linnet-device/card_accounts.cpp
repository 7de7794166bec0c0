// SPDX-License-Identifier: Apache-2.0
#include "card_accounts.hpp"

#include <gnutls/crypto.h>

#include <algorithm>
#include <vector>

#include "linnet/base/wipe.hpp"
#include "linnet/card/bootstrap_file.hpp"
#include "linnet/lwm2m/tlv.hpp"

namespace linnet::device {

namespace {

using lwm2m::InstanceId;
using lwm2m::Path;

constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kMaxAccount = 16 * 1024;  ///< bytes of a Security instance, certificates included

CardAccounts::Digest digest_of(ByteView bytes) {
  CardAccounts::Digest digest{};
  (void)gnutls_hash_fast(GNUTLS_DIG_SHA256, bytes.data(), bytes.size(), digest.data());
  return digest;
}

/// Of all that an instance of object 0 holds.
CardAccounts::Digest digest_of(const client::ObjectTree& tree, InstanceId account) {
  const Path path(client::kSecurityObject, account);
  const auto walk = [&](lwm2m::RecordSink sink) {
    return tree.walk(path, sink, client::ObjectTree::Show::kEverything);
  };
  std::vector<std::uint8_t> bytes(kMaxAccount);
  const auto size = lwm2m::kTlvCodec.encode(path, walk, bytes);
  const auto digest = digest_of(ByteView(bytes).first(size.value_or(std::size_t{0})));
  wipe(bytes);
  return digest;
}

}  // namespace

bool CardAccounts::knows(ByteView file) const {
  return card_ && *card_ == digest_of(file);
}

Result<void> CardAccounts::apply(client::Engine& engine, ByteView file) {
  std::vector<client::ProvisionedObject> objects;
  const auto listed = card::for_each_object(file, [&](const card::StoredObject& object) -> Result<void> {
    objects.push_back({object.id, object.version, object.instances});
    return {};
  });
  if (any()) {
    if (const auto withdrawn = withdraw(engine); !withdrawn) return withdrawn;
  }
  if (!listed) return listed;
  const client::Object& security = *engine.objects().find(client::kSecurityObject);
  // All accounts are the card's afterwards, but for a bootstrap account that it leaves alone.
  std::map<InstanceId, Digest> before;
  for (InstanceId i = security.next_instance(0); i != lwm2m::kMaxId; i = security.next_instance(i + 1)) {
    before[i] = digest_of(engine.objects(), i);
  }
  if (const auto provisioned = engine.provision(objects); !provisioned) return provisioned;
  for (InstanceId i = security.next_instance(0); i != lwm2m::kMaxId; i = security.next_instance(i + 1)) {
    const Digest digest = digest_of(engine.objects(), i);
    const auto same = before.find(i);
    if (same == before.end() || same->second != digest) accounts_[i] = digest;
  }
  card_ = digest_of(file);
  engine.save_soon();
  return {};
}

Result<void> CardAccounts::withdraw(client::Engine& engine) {
  const client::Object& security = *engine.objects().find(client::kSecurityObject);
  std::vector<InstanceId> gone;
  for (const auto& [account, digest] : accounts_) {
    if (security.exists(account) && digest_of(engine.objects(), account) == digest) gone.push_back(account);
  }
  if (const auto withdrawn = engine.withdraw(gone); !withdrawn) return withdrawn;
  clear();
  engine.save_soon();
  return {};
}

void CardAccounts::clear() noexcept {
  card_.reset();
  accounts_.clear();
}

void CardAccounts::save(ByteWriter& out) const noexcept {
  if (!card_) return;
  out.u8(kVersion);
  out.bytes(*card_);
  for (const auto& [account, digest] : accounts_) {
    out.uint(account, 2);
    out.bytes(digest);
  }
}

void CardAccounts::load(ByteView state) noexcept {
  clear();
  ByteReader in(state);
  if (in.u8().value_or(std::uint8_t{0}) != kVersion) return;
  const auto card = in.bytes(std::tuple_size_v<Digest>);
  if (!card) return;
  std::ranges::copy(*card, card_.emplace().begin());
  while (!in.empty()) {
    const auto account = in.uint(2);
    const auto digest = in.bytes(std::tuple_size_v<Digest>);
    if (!account || !digest) return;
    std::ranges::copy(*digest, accounts_[static_cast<InstanceId>(*account)].begin());
  }
}

}  // namespace linnet::device
