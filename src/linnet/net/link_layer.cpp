// SPDX-License-Identifier: Apache-2.0
#include "linnet/net/link_layer.hpp"

#include <cstring>

#include "linnet/net/steering.hpp"

namespace linnet::net {

namespace {

constexpr std::size_t kV4Size = 1 + 4 + 2;
constexpr std::size_t kV6Size = 1 + 16 + 2;
static_assert(kV6Size <= server::LinkDirectory::kMaxAddress);
// The first byte of an address: the kind of link above, the socket's number below.
constexpr unsigned kKindShift = 6;
constexpr std::uint8_t kSocketMask = (1U << kKindShift) - 1U;

}  // namespace

LinkLayer::LinkLayer(const LinkLayerConfig& config, std::vector<UdpSocket> sockets)
    : config_(config),
      sockets_(std::move(sockets)),
      table_(config.max_links, config.hash_key),
      out_(config.max_message + kOverhead) {
  traits_.max_message = config.max_message;
  for (std::uint32_t i = 0; i < sockets_.size() + config.listeners; ++i) {
    plain_paths_.push_back(paths_.intern({.socket = i, .local = {}}));
  }
}

PathId LinkLayer::path_of(std::size_t socket, const Address& remote, const Address& local) {
  if (local == Address{} && remote.scope() == 0) return plain_paths_[socket];
  return paths_.intern(
      {.socket = static_cast<std::uint32_t>(socket), .local = Address(local.ip(), 0, remote.scope())});
}

coap::LinkId LinkLayer::add(LinkTable::Hash hash, const Address& remote, std::size_t socket,
                            FunctionRef<LinkLoss(coap::LinkId)> loss) {
  const coap::LinkId link = table_.insert(hash, remote, static_cast<std::uint32_t>(socket), loss);
  if (link != coap::kNoLink) {
    table_.set_path(link, plain_paths_[socket]);
    table_.set_kind(link, kind_of(socket));
  }
  return link;
}

Address LinkLayer::remote(coap::LinkId link) const noexcept {
  const Address plain = table_.remote(link);
  return {plain.ip(), plain.port(), paths_[table_.path(link)].local.scope()};
}

const coap::LinkTraits& LinkLayer::traits(coap::LinkId link) noexcept {
  coap::Links* const binding = binding_of(link);
  return binding == nullptr ? traits_ : binding->traits(link);
}

ByteSpan LinkLayer::prepare(coap::LinkId link, std::size_t size) noexcept {
  if (coap::Links* const binding = binding_of(link)) return binding->prepare(link, size);
  const ByteSpan buffer = out_.prepare().first(config_.max_message);
  return size <= buffer.size() && table_.kind(link) == LinkKind::kUdp ? buffer : ByteSpan{};
}

void LinkLayer::send(coap::LinkId link, std::size_t size) noexcept {
  if (coap::Links* const binding = binding_of(link)) return binding->send(link, size);
  send_datagram(link, size);
}

void LinkLayer::send_datagram(coap::LinkId link, std::size_t size) noexcept {
  const Path& path = paths_[table_.path(link)];
  const Address plain = table_.remote(link);
  out_.commit(size, sockets_[path.socket], {plain.ip(), plain.port(), path.local.scope()}, path.local);
}

void LinkLayer::send_copy(coap::LinkId link, ByteView datagram) noexcept {
  const Path& path = paths_[table_.path(link)];
  const Address plain = table_.remote(link);
  send_copy(path, {plain.ip(), plain.port(), path.local.scope()}, datagram);
}

void LinkLayer::send_copy(const Path& path, const Address& remote, ByteView datagram) noexcept {
  const ByteSpan out = out_.prepare();
  if (datagram.empty() || datagram.size() > out.size()) return;
  std::memcpy(out.data(), datagram.data(), datagram.size());
  out_.commit(datagram.size(), sockets_[path.socket], {remote.ip(), remote.port(), path.local.scope()},
              path.local);
}

std::optional<std::uint32_t> LinkLayer::socket_for(const Address& remote, LinkKind kind,
                                                   std::uint8_t wanted) const noexcept {
  const auto serves = [&](std::size_t i) {
    return kind_of(i) == kind && sockets_[i].local().is_v4() == remote.is_v4();
  };
  if (wanted < sockets_.size() && serves(wanted)) return wanted;
  for (std::uint32_t i = 0; i < sockets_.size(); ++i) {
    if (serves(i)) return i;
  }
  return std::nullopt;
}

std::optional<coap::LinkId> LinkLayer::open(ByteView address) noexcept {
  return open(address, LinkKind::kUdp);
}

std::optional<coap::LinkId> LinkLayer::establish(ByteView address) noexcept {
  return open(address, LinkKind::kDtls);
}

std::optional<coap::LinkId> LinkLayer::open(ByteView address, LinkKind may_be_made) noexcept {
  if (address.size() != kV4Size && address.size() != kV6Size) return std::nullopt;
  const std::size_t ip_size = address.size() - 3;
  const auto port = static_cast<std::uint16_t>(address[1 + ip_size] << 8 | address[2 + ip_size]);
  Address::Ip ip = Address::v4(0, 0).ip();
  std::memcpy(ip.data() + ip.size() - ip_size, address.data() + 1, ip_size);
  const Address remote(ip, port);
  const auto kind = static_cast<LinkKind>(address[0] >> kKindShift);
  const auto socket = socket_for(remote, kind, address[0] & kSocketMask);
  if (!socket) return std::nullopt;
  const LinkTable::Hash hash = table_.hash(remote, *socket);
  coap::LinkId link = table_.find(hash, remote, *socket);
  if (link == coap::kNoLink && kind == may_be_made) {
    link = add(hash, remote, *socket, [](coap::LinkId) { return LinkLoss::kPeer; });
  }
  if (link == coap::kNoLink) return std::nullopt;
  const unsigned arrives = steer(remote, config_.shards);
  if (arrives != config_.shard) far_.push_back({.shard = arrives, .remote = remote, .socket = *socket});
  return link;
}

std::size_t LinkLayer::address(coap::LinkId link, ByteSpan out) noexcept {
  const Address remote = table_.remote(link);
  const bool v4 = remote.is_v4();
  const std::size_t ip_size = v4 ? 4 : 16;
  const Path& path = paths_[table_.path(link)];
  // A link-local address means nothing without its interface, and those are numbered anew at every boot.
  if (table_.kind(link) == LinkKind::kTcp) return 0;
  if (path.local.scope() != 0 || path.socket > kSocketMask || out.size() < ip_size + 3) return 0;
  out[0] = static_cast<std::uint8_t>(static_cast<unsigned>(table_.kind(link)) << kKindShift | path.socket);
  std::memcpy(out.data() + 1, remote.ip().data() + (16 - ip_size), ip_size);
  out[1 + ip_size] = static_cast<std::uint8_t>(remote.port() >> 8);
  out[2 + ip_size] = static_cast<std::uint8_t>(remote.port());
  return ip_size + 3;
}

}  // namespace linnet::net
