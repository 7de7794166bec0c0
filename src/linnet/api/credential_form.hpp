// SPDX-License-Identifier: Apache-2.0
// Credentials as JSON and CSV (docs/api.md, "Credentials"): read with their secrets, shown without.
#pragma once

#include <expected>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "linnet/api/problem.hpp"
#include "linnet/server/credentials.hpp"

namespace linnet::api {

/// One credential as text, in the columns of the CSV.
struct CredentialRow {
  std::string endpoint, mode, identity, key;
  std::size_t line = 0;  ///< in the CSV, from 1; or its place in the list, from 1
};

/// What is wrong with one of them. It shows no key.
struct RowFault {
  std::size_t line = 0;
  std::string what;
};

/// The rows of CSV (RFC 4180) under the header `endpoint,mode,identity,key`, or where it is none.
[[nodiscard]] std::expected<std::vector<CredentialRow>, RowFault> read_credential_csv(std::string_view text);
/// Those of a JSON list of objects with these four members, or an object whose `credentials` is one.
[[nodiscard]] std::expected<std::vector<CredentialRow>, RowFault> read_credential_json(
    const nlohmann::json& body);
/// One such object. `endpoint` is given where it is not empty, and then need not stand in it.
[[nodiscard]] std::expected<CredentialRow, RowFault> read_credential_object(const nlohmann::json& object,
                                                                            const std::string& endpoint);

/// The credential of a row, without a credential_fault.
[[nodiscard]] std::expected<server::Credential, RowFault> to_credential(const CredentialRow& row);

/// Of what has to be shown: everything but secrets.
[[nodiscard]] nlohmann::json credential_json(const server::CredentialSummary& credential);
/// Its identity as rows have it.
[[nodiscard]] std::string identity_text(const server::CredentialSummary& credential);

}  // namespace linnet::api
