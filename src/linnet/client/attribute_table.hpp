// SPDX-License-Identifier: Apache-2.0
// The NOTIFICATION attributes that servers wrote: one row for each server and path (digest §8).
#pragma once

#include <span>

#include "linnet/base/function_ref.hpp"
#include "linnet/client/object.hpp"
#include "linnet/lwm2m/attributes.hpp"

namespace linnet::client {

class AttributeTable {
 public:
  struct Row {
    ShortServerId server = 0;  ///< 0: the row is free
    Path path;
    lwm2m::Attributes attributes;
  };

  AttributeTable() noexcept = default;
  explicit AttributeTable(std::span<Row> rows) noexcept : rows_(rows) {}

  [[nodiscard]] std::span<const Row> rows() const noexcept { return rows_; }
  /// What was written at exactly this path, or null.
  [[nodiscard]] const lwm2m::Attributes* find(ShortServerId server, const Path& path) const noexcept;
  /// Replaces it; empty attributes free the row. kBusy when no row is free.
  [[nodiscard]] Result<void> set(ShortServerId server, const Path& path,
                                 const lwm2m::Attributes& attributes) noexcept;
  /// Own and inherited from the levels above, without the server's defaults.
  [[nodiscard]] lwm2m::Attributes inherited(ShortServerId server, const Path& path) const noexcept;
  /// Forgets the rows whose path is gone.
  void remove_unless(FunctionRef<bool(const Path&)> exists) noexcept;

 private:
  std::span<Row> rows_;
};

}  // namespace linnet::client
