// SPDX-License-Identifier: Apache-2.0
// Credentials as they are kept, in memory and (encrypted, store/sealed_records.hpp) in the store; the
// only place where the form is written down. Numbers big endian, framed as record_fields.hpp says.
//
//   'K' · version 1 · mode 1 · endpoint: length 1, text · identity: length 2, bytes · key: length 2,
//   bytes, and of kOscore: sender id, id context, salt: each length 1, bytes · AEAD 4 · HKDF 4
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "linnet/base/bytes.hpp"
#include "linnet/server/credential.hpp"

namespace linnet::server {

struct CredentialView {
  CredentialMode mode;
  std::string_view endpoint;
  ByteView identity, key;
  ByteView sender_id, id_context, salt;
  std::int32_t aead = 0, hkdf = 0;
};

/// Of a credential that has no fault.
[[nodiscard]] SecretBytes encode_record(const Credential& credential);
/// What stands in a record. kTruncated or kMalformed for damage, kUnsupported for another version.
[[nodiscard]] Result<ByteView> credential_body(ByteView record) noexcept;
/// What a body says, as views into it. kTruncated, kMalformed.
[[nodiscard]] Result<CredentialView> decode_credential_body(ByteView body) noexcept;
/// A whole record, with bytes of its own and without credential_fault: kMalformed.
[[nodiscard]] Result<Credential> decode_credential(ByteView record);
/// The key of its record in the store: mode 1, endpoint: length 1, text, identity.
[[nodiscard]] std::string credential_key(std::string_view endpoint, CredentialMode mode, ByteView identity);

}  // namespace linnet::server
