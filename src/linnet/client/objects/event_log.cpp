// SPDX-License-Identifier: Apache-2.0
#include "linnet/client/objects/event_log.hpp"

#include "linnet/lwm2m/execute_arguments.hpp"

namespace linnet::client {

Result<bool> log_argument(std::string_view arguments) noexcept {
  lwm2m::ExecuteArgumentReader reader(arguments);
  bool one = false;
  for (;;) {
    const auto argument = reader.next();
    if (!argument) return std::unexpected(argument.error());
    if (!*argument) return one;
    const std::string_view value = (*argument)->value.value_or("0");
    if ((*argument)->digit != 0 || (value != "0" && value != "1")) return fail(Errc::kInvalidArgument);
    one = value == "1";
  }
}

}  // namespace linnet::client
