// SPDX-License-Identifier: Apache-2.0
#include "linnet/server/bootstrap_accounts.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <utility>

#include "linnet/server/bootstrap_payload.hpp"

namespace linnet::server {

using lwm2m::DataType;
using lwm2m::kMaxId;
using lwm2m::Path;
using lwm2m::ShortServerId;
using lwm2m::Value;

namespace {

// Resources of object 0.
constexpr lwm2m::ResourceId kUri = 0, kBootstrapServer = 1, kMode = 2, kIdentity = 3, kServerKey = 4,
                            kSecretKey = 5, kSecurityId = 10, kOscore = 17;
// Resources of object 1 and of object 2.
constexpr lwm2m::ResourceId kServerId = 0, kBinding = 7;
constexpr lwm2m::ResourceId kAcObject = 0, kAcInstance = 1, kAcList = 2, kAcOwner = 3;

/// Values of Security Mode (TS 5.2.4).
enum SecurityMode : std::uint8_t { kPsk, kRawKey, kCertificate, kNoSec, kEst };

struct Scheme {
  std::string_view name;
  bool secured;  ///< by DTLS or TLS
};
constexpr std::array kSchemes{Scheme{"coap", false}, Scheme{"coaps", true}, Scheme{"coap+tcp", false},
                              Scheme{"coaps+tcp", true}, Scheme{"lorawan", false}};

const Scheme* scheme_of(std::string_view uri) noexcept {
  const std::string_view name = uri.substr(0, uri.find("://"));
  const auto* const at = std::ranges::find(kSchemes, name, &Scheme::name);
  return at == kSchemes.end() || name.size() == uri.size() ? nullptr : at;
}

bool is_port(std::string_view text) noexcept {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size() && port != 0;
}

std::unexpected<ConfigurationFault> wrong(const Path& path, std::string reason) {
  return std::unexpected(ConfigurationFault{text_of(path), std::move(reason)});
}

/// The values of one written instance.
class Instance {
 public:
  explicit Instance(const BootstrapWrite& write) noexcept : write_(write) {}

  [[nodiscard]] Path path() const noexcept { return write_.path; }
  [[nodiscard]] Path path(lwm2m::ResourceId resource) const noexcept { return write_.path.child(resource); }
  [[nodiscard]] Value value(lwm2m::ResourceId resource) const noexcept {
    const auto at = std::ranges::find(write_.records, path(resource), &OwnedRecord::path);
    return at == write_.records.end() ? Value() : at->value.view();
  }
  [[nodiscard]] std::int64_t number(lwm2m::ResourceId resource) const noexcept {
    return value(resource).as_integer();
  }
  [[nodiscard]] bool has_bytes(lwm2m::ResourceId resource) const noexcept {
    return !value(resource).as_opaque().empty();
  }
  [[nodiscard]] const std::vector<OwnedRecord>& records() const noexcept { return write_.records; }

 private:
  const BootstrapWrite& write_;
};

/// All accounts of a configuration, checked one against the other.
class Accounts {
 public:
  explicit Accounts(const BootstrapConfiguration& configuration) : configuration_(configuration) {}

  [[nodiscard]] CheckedConfiguration check() {
    for (const BootstrapWrite& write : configuration_.writes) {
      const Instance instance(write);
      // Single resources are laid over what the device has; only it can know what comes of it.
      if (write.path.depth() != 2) continue;
      CheckedConfiguration checked;
      if (write.path.object() == 0) checked = check_security(instance);
      if (write.path.object() == 1) checked = check_server(instance);
      if (!checked) return checked;
    }
    if (const auto agreed = check_agreement(); !agreed) return agreed;
    for (const BootstrapWrite& write : configuration_.writes) {
      if (const auto checked = check_links(write); !checked) return checked;
      if (write.path.object() != 2 || write.path.depth() != 2) continue;
      if (const auto checked = check_rights(Instance(write)); !checked) return checked;
    }
    return {};
  }

 private:
  [[nodiscard]] CheckedConfiguration check_security(const Instance& account) {
    std::string scratch;
    const OwnedRecord uri{account.path(kUri), OwnedValue(account.value(kUri))};
    const std::string_view text = expand(uri, "x", scratch).as_string();
    if (const auto fault = server_uri_fault(text); !fault.empty())
      return wrong(account.path(kUri), std::string(fault));
    if (const auto keys = check_keys(account, *scheme_of(text)); !keys) return keys;
    if (account.value(kBootstrapServer).as_boolean()) {
      if (std::exchange(bootstrap_, true))
        return wrong(account.path(), "is a second account of a bootstrap server");
      return {};
    }
    const Value id = account.value(kSecurityId);
    if (id.none())
      return wrong(account.path(kSecurityId), "is missing: a server account has a short server id");
    if (!is_server_id(id.as_integer())) return wrong(account.path(kSecurityId), "must be 1 to 65534");
    security_.insert({static_cast<ShortServerId>(id.as_integer()), account.path()});
    return {};
  }

  [[nodiscard]] CheckedConfiguration check_keys(const Instance& account, const Scheme& scheme) const {
    const std::int64_t mode = account.number(kMode);
    if (mode < kPsk || mode > kEst) return wrong(account.path(kMode), "must be 0 to 4");
    if (scheme.secured == (mode == kNoSec)) {
      return wrong(account.path(kMode),
                   scheme.secured ? "must not be 3 (NoSec) with a URI of " + std::string(scheme.name)
                                  : "must be 3 (NoSec) with a URI of " + std::string(scheme.name));
    }
    constexpr std::array kNeeded{std::array{true, false, true}, std::array{true, true, true},
                                 std::array{true, true, true}, std::array{false, false, false},
                                 std::array{false, true, false}};
    const auto& needed = kNeeded[static_cast<std::size_t>(mode)];
    constexpr std::array kKeys{kIdentity, kServerKey, kSecretKey};
    for (std::size_t i = 0; i < kKeys.size(); ++i) {
      if (needed[i] && !account.has_bytes(kKeys[i])) {
        return wrong(account.path(kKeys[i]), "must not be empty in security mode " + std::to_string(mode));
      }
    }
    const bool shared =
        configuration_.endpoints.size() > 1 || configuration_.endpoints.front().ends_with('*');
    if (shared && account.has_bytes(kSecretKey)) {
      return wrong(account.path(kSecretKey),
                   "would be the same for several devices: a key belongs to one of them (TS 5.2.1)");
    }
    return {};
  }

  [[nodiscard]] CheckedConfiguration check_server(const Instance& server) {
    const std::int64_t id = server.number(kServerId);
    if (!is_server_id(id)) return wrong(server.path(kServerId), "must be 1 to 65534");
    if (!lwm2m::Binding::parse(server.value(kBinding).as_string())) {
      return wrong(server.path(kBinding), "must be letters of U, T, S, N");
    }
    if (!servers_.insert({static_cast<ShortServerId>(id), server.path()}).second) {
      return wrong(server.path(kServerId), "is the short server id of another instance too");
    }
    return {};
  }

  [[nodiscard]] CheckedConfiguration check_agreement() const {
    if ((security_.empty() && deletes_all_of(0)) || (servers_.empty() && deletes_all_of(1))) {
      return std::unexpected(ConfigurationFault{
          "configuration", "deletes the accounts of the device and writes none: it could register nowhere"});
    }
    // What a device has can be added to only where it stays; who writes both halves makes them agree.
    for (const auto& [id, path] : security_) {
      if (servers_.contains(id) || (servers_.empty() && stays(1) && !configuration_.forgets(id))) continue;
      return wrong(
          path.child(kSecurityId),
          "is " + std::to_string(id) + ", but no instance of object 1 with this short server id is written");
    }
    for (const auto& [id, path] : servers_) {
      if (security_.contains(id) || (security_.empty() && stays(0) && !configuration_.forgets(id))) continue;
      return wrong(
          path.child(kServerId),
          "is " + std::to_string(id) + ", but no account of object 0 with this short server id is written");
    }
    return {};
  }

  [[nodiscard]] CheckedConfiguration check_links(const BootstrapWrite& write) const {
    for (const OwnedRecord& record : write.records) {
      const Value value = record.value.view();
      if (value.type() != DataType::kObjlnk) continue;
      const lwm2m::Objlnk link = value.as_objlnk();
      if (link.object == kMaxId) continue;
      const bool oscore = record.path.object() == 0 && record.path.resource() == kOscore;
      if (oscore && link.object != 21) return wrong(record.path, "must refer to an instance of object 21");
      const Path target = link.instance == kMaxId ? Path(link.object) : Path(link.object, link.instance);
      if (!there_after(target)) {
        return wrong(record.path, "refers to " + text_of(target) + ", which is deleted and not written");
      }
    }
    return {};
  }

  [[nodiscard]] CheckedConfiguration check_rights(const Instance& rights) const {
    const std::int64_t object = rights.number(kAcObject);
    const std::int64_t instance = rights.number(kAcInstance);
    if (object < 1 || object >= kMaxId || object == 21) {
      return wrong(rights.path(kAcObject), "must be an object that servers have access to");
    }
    if (instance < 0 || instance > kMaxId) return wrong(rights.path(kAcInstance), "must be 0 to 65535");
    for (const OwnedRecord& record : rights.records()) {
      if (record.path.resource() != kAcList || record.path.depth() != 4) continue;
      const std::int64_t bits = record.value.view().as_integer();
      if (bits < 0 || bits > 31) return wrong(record.path, "must be 0 to 31: a sum of rights");
      if (record.path.resource_instance() != 0 && !has_account(record.path.resource_instance())) {
        return wrong(record.path, "names a server that has no account");
      }
    }
    const std::int64_t owner = rights.number(kAcOwner);
    if (owner != kMaxId && (!is_server_id(owner) || !has_account(static_cast<ShortServerId>(owner)))) {
      return wrong(rights.path(kAcOwner), "names a server that has no account");
    }
    return {};
  }

  [[nodiscard]] static bool is_server_id(std::int64_t id) noexcept { return id > 0 && id < kMaxId; }
  [[nodiscard]] bool deletes_all_of(lwm2m::ObjectId object) const noexcept {
    return configuration_.deletes(Path(object));
  }
  /// Instances of this object that the device has may stay.
  [[nodiscard]] bool stays(lwm2m::ObjectId object) const noexcept { return !deletes_all_of(object); }
  /// Whether a server with this id may have an account afterwards.
  [[nodiscard]] bool has_account(ShortServerId id) const noexcept {
    return servers_.contains(id) || (stays(1) && !configuration_.forgets(id));
  }
  /// Whether `target` may exist afterwards.
  [[nodiscard]] bool there_after(const Path& target) const noexcept {
    const bool written = std::ranges::any_of(configuration_.writes, [&](const BootstrapWrite& write) {
      return target.contains(write.path) || write.path.contains(target);
    });
    return written || !configuration_.deletes(target);
  }

  const BootstrapConfiguration& configuration_;
  std::multimap<ShortServerId, Path> security_;
  std::map<ShortServerId, Path> servers_;
  bool bootstrap_ = false;
};

}  // namespace

std::string_view server_uri_fault(std::string_view text) noexcept {
  const Scheme* const scheme = scheme_of(text);
  if (scheme == nullptr) return "must begin with coap://, coaps://, coap+tcp://, coaps+tcp:// or lorawan://";
  std::string_view authority = text.substr(scheme->name.size() + 3);
  authority = authority.substr(0, authority.find_first_of("/?#"));
  if (scheme->name == "lorawan") {
    return is_port(authority) && authority.size() <= 3 ? "" : "must be lorawan:// and an FPort";
  }
  if (authority.find_first_of(" @\"<>\\^`{|}") != std::string_view::npos)
    return "has a character that no host name has";
  std::string_view rest = authority;
  if (authority.starts_with('[')) {
    const std::size_t end = authority.find(']');
    if (end == std::string_view::npos || end == 1) return "has no IPv6 address between [ and ]";
    rest = authority.substr(end + 1);
    if (!rest.empty() && rest.front() != ':') return "has something other than a port behind ]";
  } else {
    const std::size_t colon = authority.find(':');
    if (colon == 0 || authority.empty()) return "has no host";
    rest = colon == std::string_view::npos ? std::string_view{} : authority.substr(colon);
  }
  if (!rest.empty() && !is_port(rest.substr(1))) return "has no port from 1 to 65535 behind the colon";
  return "";
}

CheckedConfiguration check_accounts(const BootstrapConfiguration& configuration) {
  return Accounts(configuration).check();
}

}  // namespace linnet::server
