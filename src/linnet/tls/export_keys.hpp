// SPDX-License-Identifier: Apache-2.0
// The way of a session's keys out of the library, once its handshake is done.
#pragma once

#include "linnet/tls/association.hpp"
#include "linnet/tls/gnutls.hpp"

namespace linnet::tls {

/// Protection, keys and sequence numbers of a DTLS 1.2 session, of either end, with write_limit at the end of
/// all numbers; the rest of `association` stays. False where the session is not one that linnet has records
/// for.
[[nodiscard]] bool export_keys(gnutls_session_t session, Association& association) noexcept;

}  // namespace linnet::tls
