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
/// The last seven only where there are sequences.
constexpr Number kNumbers[]{{kLifetime, &ServerSettings::lifetime},
                            {kDefaultPmin, &ServerSettings::default_pmin},
                            {kDefaultPmax, &ServerSettings::default_pmax},
                            {kDisableTimeout, &ServerSettings::disable_timeout},
                            {kNotificationStoring, &ServerSettings::store_notifications},
                            {kRetryCount, &ServerSettings::retry_count},
                            {kRetryTimer, &ServerSettings::retry_timer},
                            {kSequenceDelay, &ServerSettings::sequence_delay},
                            {kSequenceCount, &ServerSettings::sequence_count},
                            {kInitialDelay, &ServerSettings::initial_delay},
                            {kFailureBlock, &ServerSettings::failure_block},
                            {kBootstrapOnFailure, &ServerSettings::bootstrap_on_failure}};

/// A single resource that is there; no value at all for any other.
Value present(Object* object, InstanceId instance, ResourceId resource) noexcept {
  if (object == nullptr || !object->exists(instance)) return {};
  const ResourceDefinition* definition = object->definition().find(resource);
  if (definition == nullptr || !object->has(instance, *definition)) return {};
  return object->read(Path(object->id(), instance, resource)).value_or(Value());
}
Value present(const ObjectTree& tree, const Path& path) noexcept {
  return present(tree.find(path.object()), path.instance(), path.resource());
}

/// Absent where the value is of no number.
std::optional<std::uint32_t> as_number(const Value& value) noexcept {
  if (value.type() == lwm2m::DataType::kBoolean) return value.as_boolean() ? 1U : 0U;
  const std::uint64_t number = value.as_unsigned() | static_cast<std::uint64_t>(value.as_integer());
  if (!value.numeric() || number > UINT32_MAX) return std::nullopt;
  return static_cast<std::uint32_t>(number);
}

/// `absent` where there is no text or no binding in it.
lwm2m::Binding binding_of(Object* object, InstanceId instance, ResourceId resource,
                          lwm2m::Binding absent) noexcept {
  return lwm2m::Binding::parse(present(object, instance, resource).as_string()).value_or(absent);
}

}  // namespace

std::uint32_t number_of(Object* object, InstanceId instance, ResourceId resource,
                        std::uint32_t absent) noexcept {
  return as_number(present(object, instance, resource)).value_or(absent);
}

ShortServerId id_of(Object* object, InstanceId instance, ResourceId resource) noexcept {
  const std::uint32_t id = number_of(object, instance, resource, 0);
  return id < kMaxId ? static_cast<ShortServerId>(id) : ShortServerId{0};
}

std::optional<std::uint32_t> read_number(const ObjectTree& tree, const Path& path) noexcept {
  return as_number(present(tree, path));
}

std::optional<std::string_view> read_text(const ObjectTree& tree, const Path& path) noexcept {
  const Value value = present(tree, path);
  if (value.type() != lwm2m::DataType::kString) return std::nullopt;
  return value.as_string();
}

lwm2m::Objlnk link_of(Object* object, InstanceId instance, ResourceId resource) noexcept {
  const Value value = present(object, instance, resource);
  return value.type() == lwm2m::DataType::kObjlnk ? value.as_objlnk() : lwm2m::Objlnk{kMaxId, kMaxId};
}

bool is_bootstrap_account(const ObjectTree& tree, InstanceId security) noexcept {
  return number_of(tree.find(kSecurityObject), security, kBootstrapServerFlag, 0) != 0;
}

InstanceId find_server_instance(const ObjectTree& tree, ShortServerId server) noexcept {
  Object* object = tree.find(kServerObject);
  for (const InstanceId i : InstanceRange(object)) {
    if (server != 0 && id_of(object, i, kShortServerId) == server) return i;
  }
  return kMaxId;
}

InstanceId find_security_instance(const ObjectTree& tree, ShortServerId server) noexcept {
  Object* object = tree.find(kSecurityObject);
  for (const InstanceId i : InstanceRange(object)) {
    if (server != 0 && !is_bootstrap_account(tree, i) && id_of(object, i, kSecurityShortServerId) == server)
      return i;
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
  Object* object = tree.find(kServerObject);
  for (const InstanceId i : InstanceRange(object)) {
    if (i < from) continue;
    const ShortServerId id = id_of(object, i, kShortServerId);
    if (id != 0 && (!secured || find_security_instance(tree, id) != kMaxId)) return {id, i};
  }
  return {};
}

ServerSettings read_settings(const ObjectTree& tree, ShortServerId server) noexcept {
  ServerSettings result;
  result.instance = find_server_instance(tree, server);
  if (result.instance == kMaxId) return result;
  Object* object = tree.find(kServerObject);
  constexpr std::size_t kCount = std::size(kNumbers) - (kSequence ? 0 : 7);
  for (const auto& [resource, field] : std::span(kNumbers).first<kCount>()) {
    result.*field = number_of(object, result.instance, resource, result.*field);
  }
  if (result.lifetime == 0) result.lifetime = lwm2m::kDefaultLifetime;
  result.binding = binding_of(object, result.instance, kBinding, result.binding);
  if constexpr (kSequence) {
    result.priority = as_number(present(object, result.instance, kPriority));
    result.preferred = binding_of(object, result.instance, kPreferredTransport, {});
  }
  return result;
}

}  // namespace linnet::client
