// SPDX-License-Identifier: Apache-2.0
// The query of a Bootstrap-Request (TS table 6.4.2-1): `POST /bs?ep=NAME&pct=FORMAT`.
#pragma once

#include <optional>
#include <string_view>

#include "linnet/coap/option.hpp"
#include "linnet/lwm2m/content_format.hpp"
#include "linnet/lwm2m/registration_parameters.hpp"

namespace linnet::server {

struct BootstrapRequest {
  std::string_view endpoint;                      ///< a view into the options; empty where there is no `ep`
  std::optional<lwm2m::ContentFormat> preferred;  ///< pct: TLV, SenML JSON or SenML CBOR
};

/// Parameters that are not known are passed over. 4.00 (kMalformed) for an `ep` that is given twice
/// or no name, and a `pct` that is no number; 4.15 (kUnsupported) for a format that the values
/// of an instance cannot be written in.
[[nodiscard]] Result<BootstrapRequest> read_bootstrap_request(const coap::Options& options) noexcept;

}  // namespace linnet::server
