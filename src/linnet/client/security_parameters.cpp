// SPDX-License-Identifier: Apache-2.0
#include "linnet/client/security_parameters.hpp"

#include <algorithm>

#include "linnet/client/accounts.hpp"

namespace linnet::client {

namespace {

enum SecurityResource : ResourceId {
  kServerUri = 0,
  kMode = 2,
  kIdentity = 3,
  kServerPublicKey = 4,
  kSecretKey = 5,
  kMatchingType = 13,
  kSni = 14,
  kUsage = 15,
  kSuites = 16,
};

constexpr std::size_t kMaxPskIdentity = 128;  // TS 5.2.8.1
constexpr std::size_t kMaxPsk = 64;

/// Copies values of one instance into a room.
class Reader {
 public:
  Reader(const ObjectTree& tree, InstanceId instance, ByteSpan room) noexcept
      : tree_(tree), at_(kSecurityObject, instance), out_(room) {}

  std::string_view text(ResourceId resource) noexcept {
    return as_text(keep(as_bytes(read_text(tree_, at_.child(resource)).value_or(std::string_view()))));
  }
  ByteView bytes(ResourceId resource) noexcept {
    Object& object = *tree_.find(kSecurityObject);
    const ResourceDefinition* definition = object.definition().find(resource);
    if (definition == nullptr || !object.has(at_.instance(), *definition)) return {};
    const auto value = object.read(at_.child(resource));
    return value && value->type() == lwm2m::DataType::kOpaque ? keep(value->as_opaque()) : ByteView();
  }
  std::optional<std::uint32_t> number(ResourceId resource) noexcept {
    return read_number(tree_, at_.child(resource));
  }
  void suites(SecurityParameters& to) noexcept {
    Object& object = *tree_.find(kSecurityObject);
    if (object.definition().find(kSuites) == nullptr) return;
    InstanceId i = object.next_resource_instance(at_.instance(), kSuites, 0);
    for (; i != kMaxId && to.suite_count < to.suites.size();
         i = object.next_resource_instance(at_.instance(), kSuites, static_cast<InstanceId>(i + 1))) {
      const auto value = object.read(at_.child(kSuites).child(i));
      if (!value || value->type() != lwm2m::DataType::kUnsigned || value->as_unsigned() > UINT16_MAX)
        continue;
      to.suites[to.suite_count++] = static_cast<std::uint16_t>(value->as_unsigned());
    }
  }
  ByteSpan room(std::size_t size) noexcept {
    const ByteSpan space = out_.space();
    out_.advance(size);
    return out_.ok() ? space.first(size) : ByteSpan();
  }
  [[nodiscard]] bool ok() const noexcept { return out_.ok(); }

 private:
  ByteView keep(ByteView value) noexcept {
    const std::size_t start = out_.size();
    out_.bytes(value);
    return out_.ok() ? ByteView(out_.written()).subspan(start) : ByteView();
  }

  const ObjectTree& tree_;
  Path at_;
  ByteWriter out_;
};

Result<void> check(const SecurityParameters& parameters) noexcept {
  const bool keys = !parameters.identity.empty() && !parameters.secret_key.empty();
  const auto right = [](bool condition) { return condition ? Result<void>() : fail(Errc::kInvalidArgument); };
  switch (parameters.mode) {
    case SecurityMode::kNoSec: return right(!parameters.secured());
    case SecurityMode::kPsk:
      return right(parameters.secured() && keys && parameters.identity.size() <= kMaxPskIdentity &&
                   parameters.secret_key.size() <= kMaxPsk);
    case SecurityMode::kRawPublicKey:
    case SecurityMode::kCertificate:
      return right(parameters.secured() && keys && !parameters.server_public_key.empty());
    case SecurityMode::kEst: return right(parameters.secured() && !parameters.server_public_key.empty());
  }
  return fail(Errc::kInvalidArgument);
}

}  // namespace

Result<SecurityParameters> read_security(const ObjectTree& tree, InstanceId instance,
                                         ByteSpan room) noexcept {
  const Object* object = tree.find(kSecurityObject);
  if (object == nullptr || !object->exists(instance)) return fail(Errc::kNotFound);
  Reader in(tree, instance, room);
  SecurityParameters result;
  const std::string_view text = in.text(kServerUri);
  const ByteSpan decoded = in.room(text.size());
  if (!in.ok()) return fail(Errc::kNoSpace);
  const auto uri = coap::Uri::parse(text, decoded);
  if (!uri) return std::unexpected(uri.error());
  result.scheme = uri->scheme;
  result.host = uri->host;
  result.port = uri->port;
  result.mode =
      static_cast<SecurityMode>(in.number(kMode).value_or(static_cast<std::uint32_t>(SecurityMode::kNoSec)));
  result.identity = in.bytes(kIdentity);
  result.server_public_key = in.bytes(kServerPublicKey);
  result.secret_key = in.bytes(kSecretKey);
  result.sni = in.text(kSni);
  result.matching = static_cast<MatchingType>(in.number(kMatchingType).value_or(0));
  if (const auto usage = in.number(kUsage)) result.usage = static_cast<CertificateUsage>(*usage);
  in.suites(result);
  if (!in.ok()) return fail(Errc::kNoSpace);
  if (const auto checked = check(result); !checked) return std::unexpected(checked.error());
  return result;
}

}  // namespace linnet::client
