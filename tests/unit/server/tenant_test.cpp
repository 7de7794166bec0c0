// SPDX-License-Identifier: Apache-2.0
// Shows: NW-10
#include "linnet/server/tenant.hpp"

#include <gtest/gtest.h>

#include <array>

namespace linnet::server {
namespace {

TEST(Tenant, a_name_is_of_letters_digits_and_three_marks) {
  for (const char* name : {"a", "acme", "ACME-2", "a.b_c", "0"}) EXPECT_TRUE(is_tenant_name(name)) << name;
  for (const char* name : {"", "a/b", "a b", "a=b", "\xC3\xA4"}) EXPECT_FALSE(is_tenant_name(name)) << name;
  EXPECT_TRUE(is_tenant_name(std::string(64, 'x')));
  EXPECT_FALSE(is_tenant_name(std::string(65, 'x')));
}

TEST(Tenant, an_endpoint_belongs_to_the_tenant_in_front_of_its_first_mark) {
  EXPECT_TRUE(belongs_to("acme/node", "acme"));
  EXPECT_TRUE(belongs_to("acme/a/b", "acme"));
  for (const char* name : {"acme", "acme/", "acmes/node", "acm/node", "node", "beta/acme/node", ""}) {
    EXPECT_FALSE(belongs_to(name, "acme")) << name;
    EXPECT_TRUE(belongs_to(name, "")) << name;
  }
}

TEST(Tenant, only_known_tenants_own_names) {
  const std::array<std::string, 2> tenants{"acme", "beta"};
  EXPECT_EQ(tenant_of("beta/node", tenants), "beta");
  EXPECT_EQ(tenant_of("gamma/node", tenants), "");
  EXPECT_EQ(tenant_of("node", tenants), "");
}

}  // namespace
}  // namespace linnet::server
