// SPDX-License-Identifier: Apache-2.0
#include "settings.hpp"

#include <charconv>

namespace linnet::device {

namespace {

constexpr std::uint16_t kCoapsPort = 5684;  // RFC 7252 §6.2

}  // namespace

OrRefusal<Account> Account::parse(std::string_view uri) {
  const std::string text(uri);
  lwm2m::ShortServerId id = 0;
  if (const std::size_t equals = uri.find('='); equals != uri.npos) {
    const auto number = lwm2m::Path::parse_segment(uri.substr(0, equals));
    if (!number || *number == 0) {
      return refuse(Errc::kMalformed, "server '" + text + "': a Short Server ID is a number from 1 to 65534");
    }
    id = *number;
    uri.remove_prefix(equals + 1);
  }
  const std::size_t scheme = uri.find("://");
  const std::string_view name = scheme == uri.npos ? "coap" : uri.substr(0, scheme);
  if (name != "coap" && name != "coaps" && name != "coap+tcp" && name != "coaps+tcp") {
    return refuse(Errc::kUnsupported, "server '" + text +
                                          "': this device speaks coap://HOST:PORT, coaps://HOST:PORT, "
                                          "coap+tcp://HOST:PORT and coaps+tcp://HOST:PORT");
  }
  const std::string_view place = scheme == uri.npos ? uri : uri.substr(scheme + 3);
  const auto address = net::resolve_address(place.substr(0, place.find('/')),
                                            name.starts_with("coaps") ? kCoapsPort : net::kCoapPort);
  if (!address) return refuse(Errc::kMalformed, "server " + address.error());
  if (address->port() == 0) {
    return refuse(Errc::kMalformed, "server '" + text + "': port 0 is no port to send to");
  }
  return Account{id, std::string(name) + "://" + std::string(place), *address};
}

OrRefusal<ObjectRequest> ObjectRequest::parse(std::string_view text) {
  const auto wrong = [&] {
    return refuse(Errc::kMalformed, "object '" + std::string(text) +
                                        "': write OBJECT, OBJECT:INSTANCES or OBJECT@VERSION:INSTANCES, "
                                        "with up to " +
                                        std::to_string(kMaxInstances) + " instances");
  };
  ObjectRequest request;
  std::string_view rest = text;
  if (const std::size_t colon = rest.find(':'); colon != rest.npos) {
    const std::string_view count = rest.substr(colon + 1);
    const auto [end, error] = std::from_chars(count.data(), count.data() + count.size(), request.instances);
    if (error != std::errc{} || end != count.data() + count.size() || request.instances > kMaxInstances) {
      return wrong();
    }
    rest = rest.substr(0, colon);
  }
  if (const std::size_t at = rest.find('@'); at != rest.npos) {
    const auto version = lwm2m::Version::parse(rest.substr(at + 1));
    if (!version) return wrong();
    request.version = *version;
    rest = rest.substr(0, at);
  }
  const auto id = lwm2m::Path::parse_segment(rest);
  if (!id) return wrong();
  request.id = *id;
  return request;
}

}  // namespace linnet::device
