// SPDX-License-Identifier: Apache-2.0
#include "est_authority.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

#include "linnet/base/wipe.hpp"
#include "linnet/store/secret_source.hpp"
#include "linnet/tls/token_keys.hpp"
#include "token.hpp"

namespace linnet::linnetd {

namespace {

constexpr const char* kTrialCertificate = "est-trial-ca.pem";
constexpr const char* kTrialKey = "est-trial-ca.key";
constexpr mode_t kPublic = 0644;
constexpr mode_t kSecret = 0600;

std::expected<std::string, std::string> read(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  if (!file || text.empty()) return std::unexpected(path.string() + " cannot be read, or is empty");
  return text;
}

/// A new file, whole on the disk or not there.
std::expected<void, std::string> write(const std::filesystem::path& path, std::string_view text,
                                       mode_t mode) {
  const std::filesystem::path fresh = path.string() + ".new";
  const auto failed = [&] { return std::unexpected(path.string() + ": " + std::strerror(errno)); };
  (void)::unlink(fresh.c_str());
  const int file = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  if (file < 0) return failed();
  const bool written =
      ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && ::fsync(file) == 0;
  if (::close(file) != 0 || !written) return failed();
  if (::rename(fresh.c_str(), path.c_str()) != 0) return failed();
  return {};
}

/// The certificate is written last: where it is, its key is.
std::expected<void, std::string> make_trial(const std::filesystem::path& folder) {
  if (std::filesystem::exists(folder / kTrialCertificate)) return {};
  // As the store makes it, which opens the folder later.
  std::error_code ignored;
  std::filesystem::create_directories(std::filesystem::absolute(folder).parent_path(), ignored);
  (void)::mkdir(folder.c_str(), S_IRWXU);
  auto made = tls::CertificateAuthority::make("linnet trial CA");
  if (!made) return std::unexpected(made.error());
  auto done = write(folder / kTrialKey, made->key, kSecret);
  wipe(ByteSpan(reinterpret_cast<std::uint8_t*>(made->key.data()), made->key.size()));
  if (done) done = write(folder / kTrialCertificate, made->certificate, kPublic);
  return done;
}

std::expected<Authority, std::string> open_registrar(const EstSettings& est) {
  EstServer server{
      .url = est.server, .trust = est.trust, .certificate = est.cert, .key = est.key, .login = {}};
  if (!est.login.empty()) {
    auto login = store::read_secret_line(est.login, "the login at the EST server");
    if (!login) return std::unexpected(login.error().message);
    server.login = *std::move(login);
  }
  auto opened = EstRegistrar::open(std::move(server));
  if (!opened) return std::unexpected(std::move(opened).error());
  return Authority{.own = nullptr, .registrar = *std::move(opened)};
}

std::expected<Authority, std::string> open_own(const std::filesystem::path& certificate,
                                               const std::string& key, const std::string& pin) {
  const auto chain = read(certificate);
  if (!chain) return std::unexpected(chain.error());
  const bool token = tls::is_token_uri(key);
  if (token) {
    if (auto opened = open_token(key, pin); !opened) return std::unexpected(std::move(opened).error());
  }
  auto secret = token ? std::expected<std::string, std::string>(key) : read(key);
  if (!secret) return std::unexpected(std::move(secret).error());
  auto opened = tls::CertificateAuthority::open(*chain, *secret, {});
  if (!token) wipe(ByteSpan(reinterpret_cast<std::uint8_t*>(secret->data()), secret->size()));
  if (!opened) return std::unexpected(certificate.string() + ": " + opened.error());
  return Authority{.own = std::make_unique<tls::CertificateAuthority>(*std::move(opened)),
                   .registrar = nullptr};
}

}  // namespace

std::expected<Authority, std::string> open_authority(const Settings& settings) {
  const EstSettings& est = settings.est;
  if (est.trial) {
    if (const auto made = make_trial(settings.state); !made) return std::unexpected(made.error());
    return open_own(settings.state / kTrialCertificate, settings.state / kTrialKey, {});
  }
  if (!est.server.empty()) return open_registrar(est);
  if (est.ca.empty()) return Authority{};
  return open_own(est.ca, est.key, est.pin);
}

}  // namespace linnet::linnetd
