// SPDX-License-Identifier: Apache-2.0
// A disk for SQLite that fails on demand and remembers what a power cut would leave of each file.
#pragma once

#include <filesystem>

namespace linnet::store::test {

enum class Fault { kNone, kWrite, kSync };

/// Makes the faulty disk the one that SQLite opens files on, from now on in this process.
void use_fault_vfs();

/// Every write, or every sync, on every file fails with this errno; kNone ends it.
void set_fault(Fault fault, int error);

/// Writes the files of one folder, as they were at the last sync of each, into another: what is
/// left when the power goes now. What was never synced under this disk is not there.
void write_what_was_synced(const std::filesystem::path& from, const std::filesystem::path& to);

}  // namespace linnet::store::test
