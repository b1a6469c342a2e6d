# Shell functions that `run` and `test` share: packages, node, build. Sourced; the caller has set -euo pipefail and $root.

as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

# Shows a long command's output only if it fails.
quietly() {
  local log="$root/build/log/$1.log"
  shift
  mkdir -p "$root/build/log"
  if ! "$@" >"$log" 2>&1; then
    tail -n 40 "$log" >&2
    echo "failed: $* (whole output: $log)" >&2
    return 1
  fi
}

package_missing() {
  [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" != installed ]
}

# Installs what is missing of the packages named.
install_packages() {
  local missing=() package
  for package in "$@"; do
    if package_missing "$package"; then missing+=("$package"); fi
  done
  if [ ${#missing[@]} -eq 0 ]; then return 0; fi
  echo "Installing ${#missing[@]} packages ..."
  quietly apt-update as_root apt-get update -q
  quietly apt-install as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}"
}

ensure_packages() {
  local packages
  mapfile -t packages < <(sed -e 's/#.*//' -e 's/[[:space:]]*$//' -e '/^$/d' "$root/cross/packages.txt")
  install_packages "${packages[@]}"
}

node_is_new_enough() {
  command -v node >/dev/null && command -v npm >/dev/null &&
    node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)'
}

# Vite 8 wants Node 20.19, Debian 12 has 18: docs/decisions/0002-node-from-npm.md.
ensure_node() {
  export PATH="$root/build/tools/node_modules/node/bin:$root/build/tools/node_modules/.bin:$PATH"
  if node_is_new_enough; then return 0; fi
  install_packages nodejs npm
  echo "Fetching Node 22 by npm ..."
  mkdir -p "$root/build/tools"
  quietly node npm install --prefix "$root/build/tools" --no-audit --no-fund node@22 npm@10
  hash -r
  node_is_new_enough || { echo "no Node 20.19 or newer could be had" >&2; return 1; }
}

# build_preset NAME [cmake options]
build_preset() {
  local preset="$1"
  shift
  quietly "configure-$preset" cmake --preset "$preset" -S "$root" "$@"
  quietly "build-$preset" cmake --build "$root/build/$preset" -j "$(nproc)"
}
