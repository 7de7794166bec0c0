// SPDX-License-Identifier: Apache-2.0
// Text for people: columns as wide as what stands in them.
#pragma once

#include <ostream>
#include <string>
#include <vector>

namespace linnet::cli {

class Table {
 public:
  explicit Table(std::vector<std::string> header) : rows_{std::move(header)} {}
  /// As many cells as the header has.
  void row(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  [[nodiscard]] bool empty() const { return rows_.size() == 1; }
  void print(std::ostream& out) const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace linnet::cli
