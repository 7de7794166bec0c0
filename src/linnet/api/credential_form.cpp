// SPDX-License-Identifier: Apache-2.0
#include "linnet/api/credential_form.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

namespace linnet::api {

namespace {

using Json = nlohmann::json;
using server::Credential;
using server::CredentialMode;
using server::CredentialSummary;
using server::SecretBytes;

constexpr std::array<std::string_view, 4> kColumns{"endpoint", "mode", "identity", "key"};
constexpr std::string_view kHeader = "endpoint,mode,identity,key";
constexpr std::string_view kHexPrefix = "hex:";  // of an identity that is no text

std::unexpected<RowFault> fault(std::size_t line, std::string what) {
  return std::unexpected(RowFault{line, std::move(what)});
}

int digit_of(char text) noexcept {
  if (text >= '0' && text <= '9') return text - '0';
  const int lower = static_cast<unsigned char>(text) | 0x20;
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

template <typename Bytes>
std::optional<Bytes> from_hex(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  Bytes bytes;
  bytes.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = digit_of(text[i]);
    const int low = digit_of(text[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    bytes.push_back(static_cast<std::uint8_t>(high << 4 | low));
  }
  return bytes;
}

std::string to_hex(ByteView bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(2 * bytes.size());
  for (const std::uint8_t byte : bytes) {
    text.push_back(kDigits[byte >> 4U]);
    text.push_back(kDigits[byte & 15U]);
  }
  return text;
}

bool is_printable(ByteView bytes) {
  return std::ranges::all_of(bytes, [](std::uint8_t byte) { return byte >= 0x20 && byte < 0x7F; }) &&
         !as_text(bytes).starts_with(kHexPrefix);
}

/// Takes the records of a CSV one by one.
class CsvReader {
 public:
  explicit CsvReader(std::string_view text) noexcept : text_(text) {}

  [[nodiscard]] bool at_end() const noexcept { return at_ >= text_.size(); }
  [[nodiscard]] std::size_t line() const noexcept { return line_; }

  /// The fields of the next record; nothing where a quoted one does not end as it must.
  [[nodiscard]] std::optional<std::vector<std::string>> next() {
    std::vector<std::string> fields;
    while (true) {
      auto field = take_field();
      if (!field) return std::nullopt;
      fields.push_back(*std::move(field));
      if (at_end()) break;
      const char end = text_[at_++];
      if (end == ',') continue;
      if (end == '\r' && !at_end() && text_[at_] == '\n') ++at_;
      break;
    }
    ++line_;
    return fields;
  }

 private:
  std::optional<std::string> take_field() {
    if (at_end() || text_[at_] != '"') {
      const std::size_t end = std::min(text_.find_first_of(",\r\n", at_), text_.size());
      const std::size_t begin = std::exchange(at_, end);
      return std::string(text_.substr(begin, end - begin));
    }
    std::string field;
    for (++at_; !at_end(); ++at_) {
      if (text_[at_] != '"') {
        if (text_[at_] == '\n') ++line_;
        field.push_back(text_[at_]);
        continue;
      }
      ++at_;
      if (at_end() || text_[at_] != '"') {
        const bool ended = at_end() || std::string_view(",\r\n").find(text_[at_]) != std::string_view::npos;
        return ended ? std::optional(std::move(field)) : std::nullopt;
      }
      field.push_back('"');
    }
    return std::nullopt;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t line_ = 1;  // of what comes next
};

/// What stands between colons.
std::vector<std::string_view> parts_of(std::string_view text) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t colon = text.find(':');
    parts.push_back(text.substr(0, colon));
    if (colon == std::string_view::npos) return parts;
    text.remove_prefix(colon + 1);
  }
}

/// Nothing, or what is wrong.
using Phrase = std::string;

Phrase read_psk(const CredentialRow& row, Credential& out) {
  const std::string_view identity = row.identity;
  if (identity.starts_with(kHexPrefix)) {
    auto bytes = from_hex<std::vector<std::uint8_t>>(identity.substr(kHexPrefix.size()));
    if (!bytes) return "the identity behind hex: has pairs of hexadecimal digits";
    out.identity = *std::move(bytes);
  } else {
    out.identity.assign(identity.begin(), identity.end());
  }
  auto key = from_hex<SecretBytes>(row.key);
  if (!key) return "the key has pairs of hexadecimal digits";
  out.key = *std::move(key);
  return {};
}

Phrase read_public_key(const CredentialRow& row, Credential& out) {
  if (!row.identity.empty() && !row.key.empty()) return "a raw public key stands in identity or in key";
  auto spki = from_hex<std::vector<std::uint8_t>>(row.key.empty() ? row.identity : row.key);
  if (!spki) return "the public key has pairs of hexadecimal digits";
  out.identity = *std::move(spki);
  return {};
}

Phrase read_certificate(const CredentialRow& row, Credential& out) {
  out.identity.assign(row.identity.begin(), row.identity.end());
  auto der = from_hex<SecretBytes>(row.key);
  if (!der) return "the certificate has pairs of hexadecimal digits";
  out.key = *std::move(der);
  return {};
}

Phrase read_oscore(const CredentialRow& row, Credential& out) {
  const auto ids = parts_of(row.identity);
  if (ids.size() != 2 && ids.size() != 3) {
    return "the identity of an OSCORE context is RECIPIENT_ID:SENDER_ID or RECIPIENT_ID:SENDER_ID:ID_CONTEXT";
  }
  const auto secrets = parts_of(row.key);
  if (secrets.size() > 2) return "the key of an OSCORE context is MASTER_SECRET or MASTER_SECRET:MASTER_SALT";
  auto recipient = from_hex<std::vector<std::uint8_t>>(ids[0]);
  auto sender = from_hex<std::vector<std::uint8_t>>(ids[1]);
  auto context = from_hex<std::vector<std::uint8_t>>(ids.size() == 3 ? ids[2] : std::string_view{});
  auto secret = from_hex<SecretBytes>(secrets[0]);
  auto salt = from_hex<SecretBytes>(secrets.size() == 2 ? secrets[1] : std::string_view{});
  if (!recipient || !sender || !context || !secret || !salt) {
    return "the parts of an OSCORE context have pairs of hexadecimal digits";
  }
  out.identity = *std::move(recipient);
  out.key = *std::move(secret);
  out.oscore.sender_id = *std::move(sender);
  out.oscore.id_context = *std::move(context);
  out.oscore.salt = *std::move(salt);
  return {};
}

Phrase read_mode(const CredentialRow& row, Credential& out) {
  switch (out.mode) {
    case CredentialMode::kPreSharedKey: return read_psk(row, out);
    case CredentialMode::kRawPublicKey: return read_public_key(row, out);
    case CredentialMode::kCertificate: return read_certificate(row, out);
    case CredentialMode::kOscore: return read_oscore(row, out);
  }
  return "there is no such mode";
}

}  // namespace

std::expected<std::vector<CredentialRow>, RowFault> read_credential_csv(std::string_view text) {
  CsvReader reader(text);
  const auto header = reader.next();
  if (!header || !std::ranges::equal(*header, kColumns)) {
    return fault(1, "the first line is " + std::string(kHeader));
  }
  std::vector<CredentialRow> rows;
  while (!reader.at_end()) {
    const std::size_t line = reader.line();
    auto fields = reader.next();
    if (!fields) return fault(line, "a quotation mark is left open, or something stands behind it");
    if (fields->size() == 1 && fields->front().empty()) continue;
    if (fields->size() != kColumns.size()) return fault(line, "a line has four fields");
    rows.push_back({.endpoint = std::move((*fields)[0]),
                    .mode = std::move((*fields)[1]),
                    .identity = std::move((*fields)[2]),
                    .key = std::move((*fields)[3]),
                    .line = line});
  }
  return rows;
}

std::expected<CredentialRow, RowFault> read_credential_object(const Json& object,
                                                              const std::string& endpoint) {
  if (!object.is_object()) return fault(0, "a credential is an object");
  CredentialRow row;
  row.endpoint = endpoint;
  const std::array<std::string*, 4> places{&row.endpoint, &row.mode, &row.identity, &row.key};
  for (const auto& [name, value] : object.items()) {
    const auto* const at = std::ranges::find(kColumns, name);
    if (at == kColumns.end())
      return fault(0, "'" + name + "' is no member: endpoint, mode, identity and key are");
    if (!value.is_string()) return fault(0, "\"" + name + "\" is a string");
    std::string& place = *places[static_cast<std::size_t>(at - kColumns.begin())];
    if (name == kColumns[0] && !endpoint.empty() && value != endpoint) {
      return fault(0, "\"endpoint\" is another than that of the route");
    }
    place = value.get<std::string>();
  }
  return row;
}

std::expected<std::vector<CredentialRow>, RowFault> read_credential_json(const Json& body) {
  const bool wrapped = body.is_object() && body.size() == 1 && body.contains("credentials");
  const Json& list = wrapped ? body["credentials"] : body;
  if (!list.is_array()) return fault(0, "the body is a list of credentials, or {\"credentials\": [...]}");
  std::vector<CredentialRow> rows;
  for (const Json& object : list) {
    auto row = read_credential_object(object, {});
    if (!row) return fault(rows.size() + 1, std::move(row).error().what);
    row->line = rows.size() + 1;
    rows.push_back(*std::move(row));
  }
  return rows;
}

std::expected<Credential, RowFault> to_credential(const CredentialRow& row) {
  const auto mode = server::parse_credential_mode(row.mode);
  if (!mode) return fault(row.line, "the mode is psk, rpk, x509 or oscore");
  Credential credential{.endpoint = row.endpoint, .mode = *mode, .identity = {}, .key = {}, .oscore = {}};
  if (Phrase phrase = read_mode(row, credential); !phrase.empty()) return fault(row.line, std::move(phrase));
  if (const auto phrase = server::credential_fault(credential); !phrase.empty()) {
    return fault(row.line, std::string(phrase));
  }
  return credential;
}

std::string identity_text(const CredentialSummary& credential) {
  const auto text = [&] {
    return is_printable(credential.identity) ? std::string(as_text(credential.identity))
                                             : std::string(kHexPrefix) + to_hex(credential.identity);
  };
  switch (credential.mode) {
    case CredentialMode::kPreSharedKey: return text();
    case CredentialMode::kRawPublicKey: return to_hex(credential.identity);
    case CredentialMode::kCertificate: return std::string(as_text(credential.identity));
    case CredentialMode::kOscore: break;
  }
  std::string ids = to_hex(credential.identity) + ":" + to_hex(credential.sender_id);
  if (!credential.id_context.empty()) ids += ":" + to_hex(credential.id_context);
  return ids;
}

Json credential_json(const CredentialSummary& credential) {
  Json shown{{"endpoint", std::string(credential.endpoint)},
             {"mode", std::string(server::to_string(credential.mode))},
             {"identity", identity_text(credential)}};
  if (credential.mode == CredentialMode::kCertificate) {
    const bool anchor = credential.endpoint.ends_with('*');
    shown["kind"] = anchor ? "trust anchor" : credential.has_key ? "certificate" : "name";
  }
  return shown;
}

}  // namespace linnet::api
