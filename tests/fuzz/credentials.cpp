// SPDX-License-Identifier: Apache-2.0
// Credentials from outside: CSV and JSON as people import them, and records as the store gives them back.
// What is taken must come back from its record as it was.
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "linnet/api/credential_form.hpp"
#include "linnet/server/credential_record.hpp"

namespace {

using namespace linnet;

void require(bool holds) {
  if (!holds) std::abort();
}

void enter(const std::vector<api::CredentialRow>& rows) {
  auto all = server::Credentials::none();
  for (const api::CredentialRow& row : rows) {
    const auto credential = api::to_credential(row);
    if (!credential) continue;
    require(server::decode_credential(server::encode_record(*credential)).value() == *credential);
    auto next = all->apply(std::vector<server::CredentialChange>{{.put = *credential}});
    if (!next) continue;
    all = *std::move(next);
    require(!all->empty());
    if (!credential->is_trust_anchor()) require(all->credentialed(credential->endpoint));
    std::size_t shown = 0;
    all->for_each(credential->endpoint, [&](const server::CredentialSummary& summary) {
      ++shown;
      require(!api::identity_text(summary).empty() || summary.identity.empty());
    });
    require(shown != 0);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView bytes(data, size);
  if (const auto rows = api::read_credential_csv(as_text(bytes))) enter(*rows);
  const auto json = nlohmann::json::parse(as_text(bytes), nullptr, false);
  if (!json.is_discarded()) {
    if (const auto rows = api::read_credential_json(json)) enter(*rows);
  }
  if (const auto credential = server::decode_credential(bytes)) {
    require(server::decode_credential(server::encode_record(*credential)).value() == *credential);
  }
  return 0;
}
