// SPDX-License-Identifier: Apache-2.0
#include "linnet/client/accounts.hpp"

#include <span>

#include "linnet/client/features.hpp"

namespace linnet::client {

namespace {

enum SecurityResource : ResourceId { kBootstrapServerFlag = 1, kSecurityShortServerId = 10 };

/// The resources of object 1 that the engine obeys.
enum ServerResource : ResourceId {
  kShortServerId = 0,
  kLifetime = 1,
  kDefaultPmin = 2,
  kDefaultPmax = 3,
  kDisableTimeout = 5,
  kNotificationStoring = 6,
  kBinding = 7,
  kPriority = 13,
  kInitialDelay = 14,
  kFailureBlock = 15,
  kBootstrapOnFailure = 16,
  kRetryCount = 17,
  kRetryTimer = 18,
  kSequenceDelay = 19,
  kSequenceCount = 20,
  kPreferredTransport = 22,
};

struct Number {
  ResourceId resource;
  std::uint32_t ServerSettings::* field;
};
/// The last five only where there are sequences.
constexpr Number kNumbers[]{{kLifetime, &ServerSettings::lifetime},
                            {kDefaultPmin, &ServerSettings::default_pmin},
                            {kDefaultPmax, &ServerSettings::default_pmax},
                            {kDisableTimeout, &ServerSettings::disable_timeout},
                            {kRetryCount, &ServerSettings::retry_count},
                            {kRetryTimer, &ServerSettings::retry_timer},
                            {kSequenceDelay, &ServerSettings::sequence_delay},
                            {kSequenceCount, &ServerSettings::sequence_count},
                            {kInitialDelay, &ServerSettings::initial_delay}};

/// A single resource that is there.
std::optional<Value> read_present(const ObjectTree& tree, const Path& path) noexcept {
  Object* object = tree.find(path.object());
  if (object == nullptr || !object->exists(path.instance())) return std::nullopt;
  const ResourceDefinition* definition = object->definition().find(path.resource());
  if (definition == nullptr || !object->has(path.instance(), *definition)) return std::nullopt;
  const auto value = object->read(path);
  return value ? std::optional(*value) : std::nullopt;
}

std::optional<lwm2m::Binding> read_binding(const ObjectTree& tree, const Path& path) noexcept {
  const auto text = read_text(tree, path);
  const auto binding = text ? lwm2m::Binding::parse(*text) : fail(Errc::kNotFound);
  return binding ? std::optional(*binding) : std::nullopt;
}

ShortServerId id_at(const ObjectTree& tree, const Path& path) noexcept {
  const std::uint32_t id = read_number(tree, path).value_or(0);
  return id < kMaxId ? static_cast<ShortServerId>(id) : ShortServerId{0};
}

}  // namespace

std::optional<std::uint32_t> read_number(const ObjectTree& tree, const Path& path) noexcept {
  const auto value = read_present(tree, path);
  if (!value) return std::nullopt;
  const auto number = value->type() == lwm2m::DataType::kUnsigned
                          ? static_cast<std::int64_t>(value->as_unsigned())
                          : value->as_integer();
  if (number < 0 || number > std::int64_t{UINT32_MAX}) return std::nullopt;
  return static_cast<std::uint32_t>(number);
}

std::optional<bool> read_boolean(const ObjectTree& tree, const Path& path) noexcept {
  const auto value = read_present(tree, path);
  if (!value || value->type() != lwm2m::DataType::kBoolean) return std::nullopt;
  return value->as_boolean();
}

std::optional<std::string_view> read_text(const ObjectTree& tree, const Path& path) noexcept {
  const auto value = read_present(tree, path);
  if (!value || value->type() != lwm2m::DataType::kString) return std::nullopt;
  return value->as_string();
}

std::optional<lwm2m::Objlnk> read_link(const ObjectTree& tree, const Path& path) noexcept {
  if (!tree.resolve(path)) return std::nullopt;
  const auto value = tree.read(path);
  return value ? std::optional(value->as_objlnk()) : std::nullopt;
}

bool is_bootstrap_account(const ObjectTree& tree, InstanceId security) noexcept {
  return read_boolean(tree, Path(kSecurityObject, security, kBootstrapServerFlag)).value_or(false);
}

InstanceId find_server_instance(const ObjectTree& tree, ShortServerId server) noexcept {
  for (const InstanceId i : tree.instances(kServerObject)) {
    if (server != 0 && id_at(tree, Path(kServerObject, i, kShortServerId)) == server) return i;
  }
  return kMaxId;
}

InstanceId find_security_instance(const ObjectTree& tree, ShortServerId server) noexcept {
  for (const InstanceId i : tree.instances(kSecurityObject)) {
    if (server != 0 && !is_bootstrap_account(tree, i) &&
        id_at(tree, Path(kSecurityObject, i, kSecurityShortServerId)) == server) {
      return i;
    }
  }
  return kMaxId;
}

InstanceId find_bootstrap_account(const ObjectTree& tree) noexcept {
  for (const InstanceId i : tree.instances(kSecurityObject)) {
    if (is_bootstrap_account(tree, i)) return i;
  }
  return kMaxId;
}

Account next_account(const ObjectTree& tree, InstanceId from) noexcept {
  const bool secured = tree.find(kSecurityObject) != nullptr;
  for (const InstanceId i : tree.instances(kServerObject)) {
    if (i < from) continue;
    const ShortServerId id = id_at(tree, Path(kServerObject, i, kShortServerId));
    const InstanceId security = find_security_instance(tree, id);
    if (id != 0 && (!secured || security != kMaxId)) return {id, i, security};
  }
  return {};
}

ServerSettings read_settings(const ObjectTree& tree, ShortServerId server) noexcept {
  ServerSettings result;
  result.instance = find_server_instance(tree, server);
  if (result.instance == kMaxId) return result;
  const Path at(kServerObject, result.instance);
  constexpr std::size_t kCount = std::size(kNumbers) - (kSequence ? 0 : 5);
  for (const auto& [resource, field] : std::span(kNumbers).first<kCount>()) {
    result.*field = read_number(tree, at.child(resource)).value_or(result.*field);
  }
  if (result.lifetime == 0) result.lifetime = lwm2m::kDefaultLifetime;
  result.store_notifications = read_boolean(tree, at.child(kNotificationStoring)).value_or(true);
  result.binding = read_binding(tree, at.child(kBinding)).value_or(result.binding);
  if constexpr (kSequence) {
    result.priority = read_number(tree, at.child(kPriority));
    result.failure_block = read_boolean(tree, at.child(kFailureBlock)).value_or(false);
    result.bootstrap_on_failure = read_boolean(tree, at.child(kBootstrapOnFailure)).value_or(true);
    result.preferred = read_binding(tree, at.child(kPreferredTransport)).value_or(lwm2m::Binding());
  }
  return result;
}

}  // namespace linnet::client
