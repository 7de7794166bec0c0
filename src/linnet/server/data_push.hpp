// SPDX-License-Identifier: Apache-2.0
// The server's side of Send: POST /dp (TS 6.4.5, table 6.7-4).
#pragma once

#include <vector>

#include "linnet/coap/endpoint.hpp"
#include "linnet/server/engine.hpp"
#include "linnet/server/registration_table.hpp"

namespace linnet::server {

class DataPush {
 public:
  void init(const EngineConfig& config, const RegistrationTable& registrations, Listener& listener) noexcept;

  /// 2.04 when the listener has it. 4.00: no values, no content format, or bytes that are no SenML;
  /// 4.15: another format; 4.04: there is no registration (kNone), or it lacks an object that a record
  /// names, as objects 0 and 21 always are lacking.
  [[nodiscard]] coap::Reply send(std::uint32_t registration, const coap::IncomingRequest& request,
                                 Instant now) noexcept;

  [[nodiscard]] std::uint64_t taken() const noexcept { return taken_; }

 private:
  /// The format and, in `Error::response`, why it is refused.
  [[nodiscard]] Result<lwm2m::ContentFormat> check(const coap::IncomingRequest& request,
                                                   const Registration& registration) noexcept;

  const RegistrationTable* registrations_ = nullptr;
  Listener* listener_ = nullptr;
  std::vector<std::uint8_t> scratch_;  // one value, unescaped
  std::uint64_t taken_ = 0;
};

}  // namespace linnet::server
