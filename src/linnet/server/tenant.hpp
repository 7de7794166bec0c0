// SPDX-License-Identifier: Apache-2.0
// Tenants: namespaces of endpoint names, so that several applications share a server and have each its own
// devices (RD OSR-001). Within the server the name of tenant T's device N is `T/N`.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace linnet::server {

inline constexpr std::size_t kMaxTenantName = 64;
inline constexpr char kTenantMark = '/';

/// 1 to kMaxTenantName letters, digits, `.`, `_` and `-`.
[[nodiscard]] constexpr bool is_tenant_name(std::string_view name) noexcept {
  return !name.empty() && name.size() <= kMaxTenantName && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  });
}

/// True where the endpoint name is one of that tenant's, and for every name where the tenant is empty:
/// nobody's in particular.
[[nodiscard]] constexpr bool belongs_to(std::string_view endpoint, std::string_view tenant) noexcept {
  return tenant.empty() || (endpoint.size() > tenant.size() + 1 && endpoint.starts_with(tenant) &&
                            endpoint[tenant.size()] == kTenantMark);
}

/// Which of these tenants an endpoint name belongs to, empty for none.
[[nodiscard]] constexpr std::string_view tenant_of(std::string_view endpoint,
                                                   std::span<const std::string> tenants) noexcept {
  const auto at = std::ranges::find_if(
      tenants, [&](std::string_view tenant) { return !tenant.empty() && belongs_to(endpoint, tenant); });
  return at == tenants.end() ? std::string_view{} : std::string_view(*at);
}

}  // namespace linnet::server
