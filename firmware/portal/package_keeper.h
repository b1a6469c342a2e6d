#pragma once
// The packages of this device that are nobody's evidence any more: what a teacher withdrew, or deletes the
// film of, does not stay in a package. Thread-safe.

#include "firmware/portal/context.h"

namespace shilu::portal {

// Where the packer puts it.
std::filesystem::path package_file(const Context& context, const std::string& submission_id);

// Withdraws the submission and takes its package off the disk. An error of the disk leaves it withdrawn; the
// next start removes the rest.
Status withdraw(const Context& context, const std::string& submission_id);

// Packages of withdrawn submissions that are on the disk all the same: the device was killed in between.
Status sweep_withdrawn_packages(const Context& context);

}  // namespace shilu::portal
