// SPDX-License-Identifier: Apache-2.0
#include "linnet/server/credential_record.hpp"

#include "linnet/server/record_fields.hpp"

namespace linnet::server {

namespace {

constexpr std::uint8_t kLetter = 'K';
constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kFixedRoom = 32;  // more than all lengths, numbers and the frame take

/// Takes one field after the other; the first that is not there fails all that follow.
class FieldReader {
 public:
  explicit FieldReader(ByteView body) noexcept : in_(body) {}

  ByteView field(std::size_t width) noexcept {
    if (failed_) return {};
    const auto read = read_field(in_, width);
    if (!read) failed_ = read.error();
    return read.value_or(ByteView{});
  }
  std::uint32_t number(std::size_t width) noexcept {
    if (failed_) return 0;
    const auto read = in_.uint(width);
    if (!read) failed_ = read.error();
    return static_cast<std::uint32_t>(read.value_or(0U));
  }
  [[nodiscard]] std::optional<Error> fault() const noexcept {
    if (failed_ || in_.empty()) return failed_;
    return Error{Errc::kMalformed};
  }

 private:
  ByteReader in_;
  std::optional<Error> failed_;
};

}  // namespace

SecretBytes encode_record(const Credential& credential) {
  const OscoreParameters& oscore = credential.oscore;
  SecretBytes room(kFixedRoom + credential.endpoint.size() + credential.identity.size() +
                   credential.key.size() + oscore.sender_id.size() + oscore.id_context.size() +
                   oscore.salt.size());
  ByteWriter out(room);
  open_record(out, kLetter, kVersion);
  out.u8(static_cast<std::uint8_t>(credential.mode));
  write_field(out, as_bytes(credential.endpoint), 1);
  write_field(out, credential.identity, 2);
  write_field(out, credential.key, 2);
  if (credential.mode == CredentialMode::kOscore) {
    write_field(out, oscore.sender_id, 1);
    write_field(out, oscore.id_context, 1);
    write_field(out, oscore.salt, 1);
    out.uint(static_cast<std::uint32_t>(oscore.aead), 4);
    out.uint(static_cast<std::uint32_t>(oscore.hkdf), 4);
  }
  room.resize(close_record(out).value_or(0U));
  return room;
}

Result<CredentialView> decode_credential_body(ByteView body) noexcept {
  FieldReader in(body);
  CredentialView view{};
  const std::uint32_t mode = in.number(1);
  if (mode > static_cast<std::uint32_t>(CredentialMode::kOscore)) return fail(Errc::kMalformed);
  view.mode = static_cast<CredentialMode>(mode);
  view.endpoint = as_text(in.field(1));
  view.identity = in.field(2);
  view.key = in.field(2);
  if (view.mode == CredentialMode::kOscore) {
    view.sender_id = in.field(1);
    view.id_context = in.field(1);
    view.salt = in.field(1);
    view.aead = static_cast<std::int32_t>(in.number(4));
    view.hkdf = static_cast<std::int32_t>(in.number(4));
  }
  if (const auto fault = in.fault()) return std::unexpected(*fault);
  return view;
}

Result<ByteView> credential_body(ByteView record) noexcept {
  return record_body(record, kLetter, kVersion);
}

Result<Credential> decode_credential(ByteView record) {
  const auto body = credential_body(record);
  if (!body) return fail(body.error().code);
  const auto view = decode_credential_body(*body);
  if (!view) return fail(view.error().code);
  Credential credential{.endpoint = std::string(view->endpoint),
                        .mode = view->mode,
                        .identity = {view->identity.begin(), view->identity.end()},
                        .key = {view->key.begin(), view->key.end()},
                        .oscore = {}};
  if (view->mode == CredentialMode::kOscore) {
    credential.oscore = {.sender_id = {view->sender_id.begin(), view->sender_id.end()},
                         .id_context = {view->id_context.begin(), view->id_context.end()},
                         .salt = {view->salt.begin(), view->salt.end()},
                         .aead = view->aead,
                         .hkdf = view->hkdf};
  }
  if (!credential_fault(credential).empty()) return fail(Errc::kMalformed);
  return credential;
}

std::string credential_key(std::string_view endpoint, CredentialMode mode, ByteView identity) {
  std::string key;
  key.reserve(2 + endpoint.size() + identity.size());
  key.push_back(static_cast<char>(mode));
  key.push_back(static_cast<char>(endpoint.size()));
  key.append(endpoint);
  key.append(as_text(identity));
  return key;
}

}  // namespace linnet::server
