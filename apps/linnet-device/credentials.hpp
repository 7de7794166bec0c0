// SPDX-License-Identifier: Apache-2.0
// The keys that the command line gives a device for its secured servers: what the resources 2 to 5, 14 to 16
// of object 0 hold (TS 5.2.8).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "linnet/client/objects/oscore.hpp"
#include "linnet/client/security_parameters.hpp"
#include "linnet/oscore/security_context.hpp"
#include "linnet/tls/keys.hpp"
#include "refusal.hpp"

namespace linnet::device {

struct Credentials {
  client::SecurityMode mode = client::SecurityMode::kNoSec;
  tls::OwnedBytes identity;
  tls::OwnedBytes server_public_key;
  tls::OwnedBytes secret_key;
  std::string sni;
  std::optional<client::CertificateUsage> usage;
  std::vector<std::uint16_t> suites;
  std::vector<tls::OwnedBytes> anchors;  ///< certificates of authorities, DER, that the device itself trusts
  std::optional<client::OscoreInstance> oscore;  ///< the context of every server of the command line
  oscore::FirstUse first_use = oscore::FirstUse::kRederive;  ///< of every context
};

/// What is typed of a security context; bytes are as store::hex_or_file takes them.
struct OscoreArguments {
  std::optional<std::string> sender_id;
  std::optional<std::string> recipient_id;
  std::optional<std::string> secret;
  std::optional<std::string> salt;
  std::optional<std::string> id_context;
  std::optional<std::int32_t> algorithm;  ///< COSE number
  bool stored = false;                    ///< numbers are kept instead of appendix B.2

  [[nodiscard]] OrRefusal<std::optional<client::OscoreInstance>> read() const;
};

/// As they were typed; empty where they were not.
struct CredentialArguments {
  std::string psk_identity;
  std::string psk_key;  ///< as store::hex_or_file takes it
  std::string key;      ///< these four are files, PEM or DER; this one may be a URI of PKCS#11
  std::string certificate;
  std::string server_key;
  std::string trust;
  std::string pin;  ///< of the key's token: a source of store::read_secret
  std::string sni;
  std::optional<unsigned> usage;
  std::vector<std::string> suites;  ///< numbers, also hexadecimal with 0x
  OscoreArguments oscore;

  /// Reads the files. Nothing typed gives NoSec. Refuses keys that could not be used.
  [[nodiscard]] OrRefusal<Credentials> read() const;
};

}  // namespace linnet::device
