// SPDX-License-Identifier: Apache-2.0
#include "linnet/server/bootstrap_configuration.hpp"

#include <algorithm>

namespace linnet::server {

using lwm2m::DataType;
using lwm2m::Path;
using lwm2m::Value;

namespace {

constexpr Path kDevice{3};
constexpr lwm2m::ResourceId kIdentity = 3;  // of object 0

/// A key of a raw or certified kind is bytes in which the variable would mean nothing, but ten such
/// bytes do not come about in them.
bool has_variables(const OwnedRecord& record, DataType type) noexcept {
  if (type == DataType::kOpaque) return record.path.object() == 0 && record.path.resource() == kIdentity;
  return type == DataType::kString || type == DataType::kCorelnk;
}

}  // namespace

bool BootstrapConfiguration::forgets(lwm2m::ShortServerId server) const noexcept {
  return std::ranges::find(unbootstrap, server) != unbootstrap.end();
}

bool BootstrapConfiguration::deletes(const Path& path) const noexcept {
  return std::ranges::any_of(deletions, [&](const Path& deleted) {
    if (deleted.depth() == 0) return !kDevice.contains(path);
    return deleted.contains(path);
  });
}

Value expand(const OwnedRecord& record, std::string_view endpoint, std::string& scratch) {
  const Value value = record.value.view();
  if (!has_variables(record, value.type())) return value;
  const bool opaque = value.type() == DataType::kOpaque;
  const std::string_view text = opaque ? as_text(value.as_opaque()) : value.as_string();
  std::size_t at = text.find(kEndpointVariable);
  if (at == std::string_view::npos) return value;
  scratch.assign(text);
  while (at != std::string::npos) {
    scratch.replace(at, kEndpointVariable.size(), endpoint);
    at = scratch.find(kEndpointVariable, at + endpoint.size());
  }
  if (opaque) return Value::opaque(as_bytes(scratch));
  return value.type() == DataType::kString ? Value::string(scratch) : Value::corelnk(scratch);
}

std::optional<std::string> BootstrapConfigurations::conflict(
    const BootstrapConfiguration& configuration) const {
  for (const std::string& endpoint : configuration.endpoints) {
    const auto at = by_endpoint_.find(endpoint);
    if (at != by_endpoint_.end() && at->second->name != configuration.name) return at->second->name;
  }
  return std::nullopt;
}

void BootstrapConfigurations::put(Shared configuration) {
  remove(configuration->name);
  for (const std::string& endpoint : configuration->endpoints) by_endpoint_[endpoint] = configuration;
  by_name_[configuration->name] = std::move(configuration);
}

bool BootstrapConfigurations::remove(std::string_view name) {
  const auto at = by_name_.find(name);
  if (at == by_name_.end()) return false;
  for (const std::string& endpoint : at->second->endpoints) by_endpoint_.erase(endpoint);
  by_name_.erase(at);
  return true;
}

BootstrapConfigurations::Shared BootstrapConfigurations::find(std::string_view name) const {
  const auto at = by_name_.find(name);
  return at == by_name_.end() ? nullptr : at->second;
}

BootstrapConfigurations::Shared BootstrapConfigurations::choose(std::string_view endpoint) const {
  if (const auto exact = by_endpoint_.find(endpoint); exact != by_endpoint_.end()) return exact->second;
  std::string beginning(endpoint);
  for (;;) {
    beginning.push_back('*');
    if (const auto at = by_endpoint_.find(beginning); at != by_endpoint_.end()) return at->second;
    if (beginning.size() == 1) return nullptr;
    beginning.resize(beginning.size() - 2);
  }
}

}  // namespace linnet::server
