// SPDX-License-Identifier: Apache-2.0
#include "linnet/net/address.hpp"

#include <arpa/inet.h>
#include <net/if.h>
#include <netdb.h>

#include <charconv>
#include <cstring>
#include <memory>

namespace linnet::net {

namespace {

struct HostAndPort {
  std::string host;
  std::uint16_t port = 0;
  bool bracketed = false;
};

std::unexpected<std::string> wrong(std::string_view text, std::string_view why) {
  return std::unexpected("address \"" + std::string(text) + "\": " + std::string(why));
}

std::expected<HostAndPort, std::string> split(std::string_view text, std::uint16_t default_port) {
  std::string_view rest = text;
  if (const auto scheme = rest.find("://"); scheme != rest.npos) {
    if (rest.substr(0, scheme) != "coap") return wrong(text, "only coap:// is understood here");
    rest.remove_prefix(scheme + 3);
    rest = rest.substr(0, rest.find('/'));
  }
  HostAndPort parts{.host = {}, .port = default_port};
  std::string_view port;
  bool has_port = false;
  if (rest.starts_with('[')) {
    const auto close = rest.find(']');
    if (close == rest.npos) return wrong(text, "the bracket is not closed");
    parts.host = rest.substr(1, close - 1);
    parts.bracketed = true;
    rest.remove_prefix(close + 1);
    if (!rest.empty() && rest[0] != ':') return wrong(text, "after ] only :PORT may follow");
    has_port = !rest.empty();
    port = has_port ? rest.substr(1) : rest;
  } else {
    const auto colon = rest.find(':');
    if (colon != rest.npos && rest.find(':', colon + 1) != rest.npos) {
      return wrong(text, "an IPv6 address is written in brackets, [::1]:5683");
    }
    has_port = colon != rest.npos;
    parts.host = rest.substr(0, colon);
    if (has_port) port = rest.substr(colon + 1);
  }
  if (parts.host.empty()) return wrong(text, "there is no host");
  if (has_port) {
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), parts.port);
    if (error != std::errc{} || end != port.data() + port.size()) {
      return wrong(text, "the port is not a number from 0 to 65535");
    }
  }
  return parts;
}

ParsedAddress look_up(std::string_view text, std::uint16_t default_port, bool names) {
  const auto parts = split(text, default_port);
  if (!parts) return std::unexpected(parts.error());
  addrinfo hints{};
  hints.ai_family = parts->bracketed ? AF_INET6 : (names ? AF_UNSPEC : AF_INET);
  hints.ai_socktype = SOCK_DGRAM;
  hints.ai_flags = names && !parts->bracketed ? 0 : AI_NUMERICHOST;
  addrinfo* found = nullptr;
  if (const int error = getaddrinfo(parts->host.c_str(), nullptr, &hints, &found); error != 0) {
    if (names) return wrong(text, gai_strerror(error));
    return wrong(
        text, parts->bracketed ? "not an IPv6 address in the brackets" : "the host is not an IPv4 address");
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, freeaddrinfo);
  sockaddr_storage storage{};
  std::memcpy(&storage, found->ai_addr, found->ai_addrlen);
  const Address address = Address::from(storage);
  return Address(address.ip(), parts->port, address.scope());
}

}  // namespace

Address Address::from(const sockaddr_storage& socket_address) noexcept {
  if (socket_address.ss_family == AF_INET) {
    sockaddr_in in;
    std::memcpy(&in, &socket_address, sizeof in);
    return v4(ntohl(in.sin_addr.s_addr), ntohs(in.sin_port));
  }
  if (socket_address.ss_family != AF_INET6) return {};
  sockaddr_in6 in6;
  std::memcpy(&in6, &socket_address, sizeof in6);
  Ip ip;
  std::memcpy(ip.data(), &in6.sin6_addr, ip.size());
  return {ip, ntohs(in6.sin6_port), in6.sin6_scope_id};
}

socklen_t Address::to(sockaddr_storage& socket_address) const noexcept {
  if (is_v4()) {
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_port = htons(port_);
    std::memcpy(&in.sin_addr, ip_.data() + 12, 4);
    std::memcpy(&socket_address, &in, sizeof in);
    return sizeof in;
  }
  sockaddr_in6 in6{};
  in6.sin6_family = AF_INET6;
  in6.sin6_port = htons(port_);
  in6.sin6_scope_id = scope_;
  std::memcpy(&in6.sin6_addr, ip_.data(), ip_.size());
  std::memcpy(&socket_address, &in6, sizeof in6);
  return sizeof in6;
}

std::string Address::text() const {
  char host[INET6_ADDRSTRLEN] = {};
  if (is_v4()) {
    inet_ntop(AF_INET, ip_.data() + 12, host, sizeof host);
    return std::string(host) + ':' + std::to_string(port_);
  }
  inet_ntop(AF_INET6, ip_.data(), host, sizeof host);
  const std::string scope = scope_ == 0 ? "" : '%' + std::to_string(scope_);
  return '[' + std::string(host) + scope + "]:" + std::to_string(port_);
}

ParsedAddress parse_address(std::string_view text, std::uint16_t default_port) {
  return look_up(text, default_port, false);
}

ParsedAddress resolve_address(std::string_view text, std::uint16_t default_port) {
  return look_up(text, default_port, true);
}

}  // namespace linnet::net
