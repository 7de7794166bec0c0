// SPDX-License-Identifier: Apache-2.0
// Object definitions as OMA and vendors publish them: DDF XML, schema versions 1.0 and 1.1
// (LWM2M.xsd, LWM2M-v1_1.xsd).
#pragma once

#include <string>
#include <string_view>

#include "linnet/registry/load_error.hpp"

namespace linnet::registry {

inline constexpr std::size_t kMaxDdfBytes = 4U << 20;  ///< of one file
inline constexpr std::size_t kMaxObjectsPerDdf = 256;

/// True for XML whose root is no object definition: the lists of reusable resources and of units
/// that stand beside the definitions in OMA's registry.
[[nodiscard]] bool is_companion_ddf(std::string_view xml) noexcept;

/// Turns a definition into the compact text form, resources ascending. Names, units and ranges keep
/// their words with single blanks between them; descriptions, and ranges that are sentences, are left out.
/// `file` names it in an error. Refused: what is not well-formed, too large, or not UTF-8; missing elements
/// (RangeEnumeration, Units and Description may be); IDs beyond 65534; an ID or an object version twice;
/// unknown types, operations, multiplicities; a version that differs between URN and ObjectVersion. Takes any
/// bytes.
[[nodiscard]] Loaded<std::string> read_ddf(std::string_view xml, std::string_view file) noexcept;

}  // namespace linnet::registry
