// SPDX-License-Identifier: Apache-2.0
#include "linnet/client/attribute_table.hpp"

namespace linnet::client {

using lwm2m::Attributes;

const Attributes* AttributeTable::find(ShortServerId server, const Path& path) const noexcept {
  for (const Row& row : rows_) {
    if (row.server == server && row.path == path) return &row.attributes;
  }
  return nullptr;
}

Result<void> AttributeTable::set(ShortServerId server, const Path& path,
                                 const Attributes& attributes) noexcept {
  Row* place = nullptr;
  for (Row& row : rows_) {
    if (row.server == server && row.path == path) {
      place = &row;
      break;
    }
    if (row.server == 0 && place == nullptr) place = &row;
  }
  if (attributes.empty()) {
    if (place != nullptr) place->server = 0;
    return {};
  }
  if (place == nullptr) return fail(Errc::kBusy);
  *place = Row{server, path, attributes};
  return {};
}

Attributes AttributeTable::inherited(ShortServerId server, const Path& path) const noexcept {
  Attributes result;
  for (std::size_t depth = path.depth(); depth > 0; --depth) {
    const Attributes* level = find(server, path.prefix(depth));
    if (level != nullptr) result.inherit(*level);
  }
  return result;
}

void AttributeTable::remove_unless(FunctionRef<bool(const Path&)> exists) noexcept {
  for (Row& row : rows_) {
    if (row.server != 0 && !exists(row.path)) row.server = 0;
  }
}

}  // namespace linnet::client
